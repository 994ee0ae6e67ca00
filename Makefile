# `make` lists the commands. Each makes the environment .venv if it is missing.
PYTHON ?= python3
BIN := .venv/bin
# As many processes as cores, but each takes 1 to 2 GB. Later options win: make test ARGS="-n 0"
TESTS := -m pytest --nbval -n logical --maxprocesses 4

# TensorFlow asks for each tensor's memory anew. If glibc keeps it, trainings take a fifth less time
export MALLOC_ARENA_MAX ?= 1
export MALLOC_TOP_PAD_ ?= 268435456
export MALLOC_MMAP_THRESHOLD_ ?= 4294967296
export MALLOC_TRIM_THRESHOLD_ ?= 4294967296

.DEFAULT_GOAL := help
.PHONY: help env read lab book test serve pdf zip notebooks zoo clean

help:
	@echo "make read       build the pages from their stored outputs and open them: start here"
	@echo "make lab        open the notebooks in JupyterLab: your own copies, in the folder lab"
	@echo "make env        make the environment .venv, and nothing else"
	@echo "make book       build the pages anew, executing the notebooks"
	@echo "make test       run all tests; re-run every notebook and compare its outputs"
	@echo "make serve      show the built book at http://127.0.0.1:8000"
	@echo "make pdf        print the built book as one PDF, by Chromium"
	@echo "make zip        pack the built pages into a zip that opens without a network"
	@echo "make notebooks  execute the notebooks in place (NOTEBOOKS=\"a.ipynb b.ipynb\" for some)"
	@echo "make zoo        train what the zoo lacks, on all 50,000 images"
	@echo "make clean      remove what make book made"

env:
	@command -v $(PYTHON) >/dev/null || { echo "There is no '$(PYTHON)'. Install Python 3.10 to 3.13, or name one: make PYTHON=..."; exit 1; }
	@$(PYTHON) tools/environment.py

# Without -W: a warning is for those who write the book, not for those who read it.
read: env
	@echo "Building the pages ..."
	@BOOK_EXECUTE=off $(BIN)/jupyter-book build . -q
	@$(BIN)/python tools/open_book.py

book: export CIFARLIB_CHECKS = strict
book: env
	$(BIN)/python tools/execute_book.py
	$(BIN)/jupyter-book build . -W --keep-going
	@echo "Open _build/html/index.html, or run: make serve"

# With a core for each process, more threads of TensorFlow's would only wait for one another
test: export TF_NUM_INTRAOP_THREADS ?= 1
test: env
	$(BIN)/python $(TESTS) $(ARGS)

lab: env
	@$(BIN)/python tools/lab.py

# What was built last; if nothing was, the pages from their stored outputs
serve pdf zip: built
.PHONY: built
built: env
	@test -e _build/html/index.html || BOOK_EXECUTE=off $(BIN)/jupyter-book build . -q

serve:
	$(BIN)/python -m http.server 8000 --bind 127.0.0.1 --directory _build/html

pdf:
	@$(BIN)/python tools/print_book.py

zip:
	@$(BIN)/python tools/zip_book.py

notebooks: env
	$(BIN)/python tools/notebooks.py $(NOTEBOOKS)

zoo: env
	$(BIN)/python -m cifarlib.zoo fill --into-package

clean:
	rm -rf _build

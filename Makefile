# Two commands matter: `make book` and `make test`. Each makes the environment .venv if it is missing.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help env lab book test serve notebooks zoo clean

help:
	@echo "make lab        open the notebooks in JupyterLab: your own copies, in the folder lab"
	@echo "make book       build the HTML book, executing its notebooks"
	@echo "make test       run all tests; re-run every notebook and compare its outputs"
	@echo "make serve      show the built book at http://127.0.0.1:8000"
	@echo "make notebooks  execute the notebooks in place (NOTEBOOKS=\"a.ipynb b.ipynb\" for some)"
	@echo "make zoo        train what the zoo lacks, on all 50,000 images"
	@echo "make clean      remove what make book made"

env:
	@command -v $(PYTHON) >/dev/null || { echo "There is no '$(PYTHON)'. Install Python 3.10 to 3.13, or name one: make PYTHON=..."; exit 1; }
	@$(PYTHON) tools/environment.py

book: env
	$(BIN)/jupyter-book build . -W --keep-going
	@echo "Open _build/html/index.html, or run: make serve"

test: env
	$(BIN)/python -m pytest --nbval

lab: env
	@$(BIN)/python tools/lab.py

serve: book
	$(BIN)/python -m http.server 8000 --bind 127.0.0.1 --directory _build/html

notebooks: env
	$(BIN)/python tools/notebooks.py $(NOTEBOOKS)

zoo: env
	$(BIN)/python -m cifarlib.zoo fill

clean:
	rm -rf _build

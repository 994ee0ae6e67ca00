"""What makes a page, as rules: each gets a notebook and gives a list of complaints.

test_book_structure.py applies them to the book, test_page_rules.py to small made-up notebooks.
A cell that is the exception to a rule says so by a tag: ``assert-is-the-lesson``,
``plot-is-the-lesson``, ``one-program`` (more than thirty lines, on the page that starts the book).
"""

import ast
import re

import page_time
from page_names import names

WORDS, LINES = 2000, 220
LOOKED_UP = 300  # words of an opening's tables and sources, which are not read in order
LONGEST, USUAL = 30, 10  # lines of a cell, and what three cells in four keep to
PLAIN, PAGE, CHILD = "plain", "page", "child"
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
# Pages that end the book's way: without a question, exercises, quiz and take-aways
WITHOUT_EXERCISES = {"chapters/outlook/where_to_go_from_here"}
OUT_OF_SIGHT = {"hide-cell", "remove-cell", "hide-output", "remove-output"}


# The table of contents


def walk(toc):
    """Each file in the order of reading, with its kind and its number.

    A chapter of a part (an opening, Start here, the reference) is plain, a section is a page, but
    for those in ``WITHOUT_EXERCISES``, which are plain, too; what lies below is a child. Numbers
    ("2", "2.4") count the parts that are ``numbered``.
    """
    yield toc["root"], PLAIN, None
    count = 0
    for part in toc["parts"]:
        for chapter in part["chapters"]:
            count += bool(part.get("numbered"))
            number = str(count) if part.get("numbered") else None
            yield chapter["file"], PLAIN, number
            for place, section in enumerate(chapter.get("sections", []), start=1):
                kind = PLAIN if section["file"] in WITHOUT_EXERCISES else PAGE
                yield section["file"], kind, f"{number}.{place}" if number else None
                yield from _children(section)


def _children(entry):
    for child in entry.get("sections", []):
        yield child["file"], CHILD, None
        yield from _children(child)


# Small things


def tags(cell):
    return set(cell.metadata.get("tags", []))


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def prose(notebook):
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def htmls(notebook, mark):
    """The text beside each output whose HTML contains ``mark``."""
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    data = [output.get("data", {}) for output in outputs]
    return [one["text/plain"] for one in data if mark in one.get("text/html", "")]


def first_line(cell):
    return cell.source.strip().split("\n")[0][:70]


def has_picture(cell):
    return any("image/png" in o.get("data", {}) for o in cell.get("outputs", []))


# How much there is


def budget(notebook):
    words, lines = page_time.words(notebook), page_time.visible_lines(notebook)
    return [
        f"{found:,} {what}, more than {most:,}: what goes deeper is a page below this one"
        for found, most, what in ((words, WORDS, "words"), (lines, LINES, "lines of code in sight"))
        if found > most
    ]


def cell_lengths(notebook):
    sizes = [len(cell.source.splitlines()) for cell in page_time.visible_code(notebook)]
    usual = sum(size <= USUAL for size in sizes)
    programs = sum("one-program" in tags(cell) for cell in page_time.visible_code(notebook))
    complaints = [
        f"more than {LONGEST} lines: {first_line(cell)}"
        for cell in code_cells(notebook)
        if len(cell.source.splitlines()) > LONGEST and "one-program" not in tags(cell)
    ]
    if usual < 0.75 * (len(sizes) - programs):
        complaints.append(f"only {usual} of {len(sizes)} visible cells have {USUAL} lines or fewer")
    return complaints


def computed_time(notebook, measured):
    """``measured`` is the page's entry in run_seconds.json, or None."""
    if measured is None:
        return ["no measured time: run tools/notebooks.py on it"]
    complaints = []
    if measured["code"] != page_time.code_digest(notebook):
        complaints.append("the time was measured with other code: run tools/notebooks.py on it")
    wanted = page_time.time_line(notebook, measured["seconds"], measured["cores"])
    if wanted not in box(notebook):
        complaints.append(f"the box lacks the computed time, {wanted} (tools/page_time.py)")
    return complaints


# What a page consists of


def box(notebook):
    found = re.search(
        r":::\{admonition\} What this (?:page|chapter) is about\n(.*?)\n:::",
        prose(notebook), re.DOTALL,
    )  # fmt: skip
    return found.group(1) if found else ""


def opening_words(notebook, kind):
    """The title, the question and the box; a page's first picture."""
    text, complaints = prose(notebook), []
    if not re.match(r"# \S", text) or "\n# " in text:
        complaints.append("it must begin with its title, and have no other")
    if kind == PLAIN:
        return complaints
    if not re.search(r"> \*\*The question of this (?:page|chapter):\*\* .*\?", text):
        complaints.append("no question: > **The question of this page:** ... ?")
    for part in ("**Afterwards you can**", "**You should know**", "**Time:**"):
        if part not in box(notebook):
            complaints.append(f"the box lacks {part}")
    if kind == PAGE and not _picture_before_first_section(notebook):
        complaints.append("no picture before the first section")
    return complaints


def _picture_before_first_section(notebook):
    for cell in notebook.cells:
        if cell.cell_type == "code":
            if has_picture(cell) or any("text/html" in o.get("data", {}) for o in cell.outputs):
                return True
            continue
        before, section, _ = ("\n" + cell.source).partition("\n## ")
        if re.search(r"!\[.+?\]\(|\{(?:image|figure|diagram)\}|<(?:img|svg)\b", before):
            return True
        if section:
            return False
    return False


def closing_words(notebook, kind):
    """The take-aways, and the line that leads on."""
    text, complaints = prose(notebook), []
    found = re.search(r"## Take-aways\n\n((?:\* .*\n)+)", text)
    count = len(found.group(1).splitlines()) if found else 0
    if kind == PLAIN and found:
        complaints.append("this kind of page has no take-aways")
    elif (kind == PAGE or found) and not 3 <= count <= 5:
        complaints.append(f"{count} take-aways, not three to five (* a line each)")
    if kind != PLAIN and "\n**Next:** " not in text:
        complaints.append("no **Next:** at the end")
    return complaints


def exercises(notebook, kind, stem):
    asked = re.findall(r":::\{exercise\} .+\n:label: (\S+)\n", prose(notebook))
    least, most = {PLAIN: (0, 0), PAGE: (2, 3), CHILD: (0, 1)}[kind]
    complaints = []
    if not least <= len(asked) <= most:
        complaints.append(f"{len(asked)} exercises; this kind of page has {least} to {most}")
    for label in asked:
        if not label.startswith((stem, stem.replace("_", "-"))):
            complaints.append(f"the label {label} must begin with the page's name")
    answered = _solutions(notebook)
    if [label for label, _ in answered] != asked:
        complaints.append("each exercise needs its solution, in order, with :class: dropdown")
    complaints += [f"the solution of {label} runs nothing" for label, runs in answered if not runs]
    return complaints


def _solutions(notebook):
    """The label of each folded solution, and whether there is code in it."""
    found, inside = [], False
    for cell in notebook.cells:
        if cell.cell_type == "code":
            if inside:
                found[-1][1] = True
            continue
        for mark in re.findall(
            r":::\{solution-(?:start\} \S+\n:class: dropdown|end\})", cell.source
        ):
            inside = mark.startswith(":::{solution-start")
            if inside:
                found.append([mark.split()[1], False])
    return [tuple(one) for one in found]


def quizzes(notebook, kind):
    found = htmls(notebook, 'class="quiz"')
    least, most = {PLAIN: (0, 0), PAGE: (1, 1), CHILD: (0, 1)}[kind]
    complaints = []
    if not least <= len(found) <= most:
        complaints.append(f"{len(found)} quizzes; this kind of page has {least} to {most}")
    for text in found:
        count = len(re.findall(r"(?m)^\d+\. ", text))
        if not 3 <= count <= 5:
            complaints.append(f"a quiz of {count} questions, not three to five")
    if kind == CHILD and not found and "{exercise}" not in prose(notebook):
        complaints.append("neither an exercise nor a quiz")
    return complaints


def moving_figures(notebook):
    count = len(htmls(notebook, 'class="moving-figure"'))
    complaints = [f"{count} figures that move; one a page at most"] if count > 1 else []
    if count > len(htmls(notebook, "data-sentences=")):
        complaints.append("a moving figure needs a sentence for each picture: alt is a function")
    return complaints


# What the code looks like


def asserts_in_sight(notebook):
    return [
        f"an assert in sight (fold it into a check, or tag it assert-is-the-lesson): {node.lineno}"
        f" of {first_line(cell)}"
        for cell in page_time.visible_code(notebook)
        if "assert-is-the-lesson" not in tags(cell)
        for node in ast.walk(page_time.parsed(cell.source))
        if isinstance(node, ast.Assert)
    ]


def booleans_printed(notebook):
    """In outputs that a reader sees; a quiz may have the words in its questions."""
    complaints = []
    for cell in page_time.outside_solutions(notebook):
        if cell.cell_type != "code" or OUT_OF_SIGHT & tags(cell) or page_time.is_quiz(cell):
            continue
        for output in cell.outputs:
            if has_picture({"outputs": [output]}):
                continue
            data = output.get("data", {})
            text = output.get("text", "") + data.get("text/plain", "") + data.get("text/html", "")
            if found := re.findall(r"(?<!=)\b(?:True|False)\b", text):
                complaints.append(f"prints {found[0]}, not a number: {first_line(cell)}")
    return complaints


def announcements(notebook):
    """A sentence stands before each cell that is in sight; what is hidden whole does not count."""
    complaints, before = [], None
    for cell in page_time.outside_solutions(notebook):
        if cell.cell_type == "code" and tags(cell) & {"hide-cell", "remove-cell"}:
            continue
        folded = page_time.FOLDED & tags(cell)
        if cell.cell_type == "code" and not folded and before != "markdown":
            complaints.append(f"no sentence before: {first_line(cell)}")
        before = cell.cell_type
    return complaints


def plots_folded(notebook):
    return [
        f"fold the plotting (hide-input), or tag it plot-is-the-lesson: {first_line(cell)}"
        for cell in page_time.visible_code(notebook)
        if not {"plot-is-the-lesson", "one-program"} & tags(cell)
        and (has_picture(cell) or re.search(r"\b(?:plt|plots)\.\w+\(|moving_figure\(", cell.source))
    ]


def pictures_described(notebook):
    """Alternative text, and no representation of an object beside the picture."""
    complaints = []
    for cell in filter(has_picture, code_cells(notebook)):
        if len(cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")) <= 40:
            complaints.append(f"a picture without alternative text: {first_line(cell)}")
        texts = [output.get("data", {}).get("text/plain", "") for output in cell.outputs]
        if any(re.search(r"<matplotlib|<Axes|^\(?array\(", text) for text in texts):
            complaints.append(f"end the cell with plt.show(): {first_line(cell)}")
        if "nbval-ignore-output" in tags(cell) and "one-program" not in tags(cell):
            complaints.append(f"a picture whose text is not compared: {first_line(cell)}")
    return complaints


def manners(notebook):
    complaints = []
    for cell in page_time.visible_code(notebook):
        if re.search(r"#\s*fmt:", cell.source):
            complaints.append(f"a word to the formatter in sight: {first_line(cell)}")
        for node in ast.walk(page_time.parsed(cell.source)):
            if (
                isinstance(node, ast.Assign)
                and isinstance(node.targets[0], ast.Tuple)
                and isinstance(node.value, ast.Tuple)
                and sum(isinstance(value, ast.Call) for value in node.value.elts) > 1
            ):
                complaints.append(f"one assignment a line: {ast.unparse(node)[:70]}")
            if isinstance(node, ast.Call) and any(
                isinstance(inner, ast.IfExp)
                for part in ast.walk(node)
                if isinstance(part, COMPREHENSIONS)
                for inner in ast.walk(part)
            ):
                complaints.append(f"a condition, a loop and a call in one: {first_line(cell)}")
    return complaints


def names_from_folded_cells(notebook):
    """A reader must not need what is folded to understand, or copy, what is in sight."""
    folded, visible, complaints, later = set(), set(), [], []
    for cell in page_time.outside_solutions(notebook):
        if cell.cell_type != "code" or page_time.is_quiz(cell):
            continue
        bound, needed, called = names(page_time.parsed(cell.source))
        if page_time.FOLDED & tags(cell):
            folded |= bound
            continue
        complaints += [
            f"{name} comes from a folded cell: {first_line(cell)}"
            for name in sorted(needed & (folded - visible))
        ]
        visible |= bound
        later.append((cell, called))
    return complaints + [
        f"{name} comes from a folded cell: {first_line(cell)}"
        for cell, called in later
        for name in sorted(called & (folded - visible))
    ]


def uncompared_outputs(notebook):
    """Where an output is not compared, a check, an assertion or a tolerance follows in two cells.

    A solution's assertion holds for the solution alone.
    """
    complaints = []
    outside = [cell for cell in page_time.outside_solutions(notebook) if cell.cell_type == "code"]
    for cell in code_cells(notebook):
        for tag in tags(cell) & {"nbval-skip", "raises-exception"}:
            complaints.append(f"the tag {tag}: {first_line(cell)}")
        if "nbval-ignore-output" not in tags(cell) or "remove-cell" in tags(cell):
            continue
        among = outside if any(cell is other for other in outside) else code_cells(notebook)
        place = next(number for number, other in enumerate(among) if other is cell)
        following = among[place + 1 : place + 3]
        if not any(
            "nbval" in follower.metadata or re.search(r"\bcheck\(|\bassert\b", follower.source)
            for follower in following
        ):
            complaints.append(f"nothing checks what is not compared: {first_line(cell)}")
    return complaints


def directives_closed(notebook):
    """Every ``:::{name}`` is closed in the cell that opens it, a solution's two ends as well."""
    complaints = []
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            continue
        text = re.sub(r"(?ms)^```.*?^```", "", cell.source)
        opened = len(re.findall(r"(?m)^:{3,}\{", text))
        closed = len(re.findall(r"(?m)^:{3,}[ \t]*$", text))
        if opened != closed:
            complaints.append(f"{opened} directives opened, {closed} closed: {first_line(cell)}")
    return complaints


def all_complaints(notebook, kind, stem, measured):
    """Every rule for a page of this kind."""
    found = [
        *budget(notebook), *cell_lengths(notebook),
        *opening_words(notebook, kind), *closing_words(notebook, kind),
        *exercises(notebook, kind, stem), *quizzes(notebook, kind), *moving_figures(notebook),
        *asserts_in_sight(notebook), *booleans_printed(notebook), *announcements(notebook),
        *plots_folded(notebook), *pictures_described(notebook), *manners(notebook),
        *names_from_folded_cells(notebook), *uncompared_outputs(notebook),
        *directives_closed(notebook),
    ]  # fmt: skip
    return found if kind == PLAIN else found + computed_time(notebook, measured)


# The openings of parts, in plain Markdown


def opening_prose(text):
    """How many words are read, and how many looked up: in tables and in a paragraph of sources.

    What a picture shows counts as neither.
    """
    read = looked_up = 0
    for line in page_time.without_pictures(text).splitlines():
        if line.startswith(("|", "**Sources:** ")):
            looked_up += len(line.split())
        else:
            read += len(line.split())
    return read, looked_up


def part_opening(text, links):
    """``links`` are the pages of the part in order, as the opening must link them."""
    complaints = []
    read, looked_up = opening_prose(text)
    if not 80 <= read <= 180:
        complaints.append(f"{read} words, not 80 to 180")
    if looked_up > LOOKED_UP:
        complaints.append(f"{looked_up} words in tables and sources, more than {LOOKED_UP}")
    if not re.match(r"# \S", text) or re.search(r"(?m)^##", text):
        complaints.append("one title and no sections: they would take the numbers of the pages")
    listed = re.findall(r"(?m)^\* \[[^\]]+\]\(([^)]+)\): .+\?$", text)
    if listed != links:
        complaints.append(f"it must list its pages in order, each with its question: {links}")
    if "\n**Next:** " not in text:
        complaints.append("no **Next:** at the end")
    return complaints

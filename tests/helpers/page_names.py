"""Which names a cell's code binds, and which it needs from cells before it."""

import ast
import symtable


class _Names(ast.NodeVisitor):
    """Walks statements in the order in which they run.

    ``needed`` holds what is read before the cell itself has bound it, ``later`` what functions and
    classes read when they are called, and ``bound`` what the cell binds.
    """

    def __init__(self):
        self.bound, self.needed, self.later = set(), set(), set()

    def visit_Name(self, node):
        if isinstance(node.ctx, ast.Load):
            self.needed |= {node.id} - self.bound
        else:
            self.bound.add(node.id)

    def _in_order(self, *parts):
        for part in parts:
            for node in part if isinstance(part, list) else [part]:
                if node is not None:
                    self.visit(node)

    def visit_Assign(self, node):
        self._in_order(node.value, node.targets)

    def visit_AnnAssign(self, node):
        self._in_order(node.annotation, node.value, node.target)

    def visit_AugAssign(self, node):
        if isinstance(node.target, ast.Name):
            self.needed |= {node.target.id} - self.bound
        self._in_order(node.value, node.target)

    def visit_NamedExpr(self, node):
        self._in_order(node.value, node.target)

    def visit_For(self, node):
        self._in_order(node.iter, node.target, node.body, node.orelse)

    def visit_Import(self, node):
        self.bound |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}

    visit_ImportFrom = visit_Import

    def visit_ExceptHandler(self, node):
        if node.name:
            self.bound.add(node.name)
        self._in_order(node.type, node.body)

    def visit_FunctionDef(self, node):
        self._in_order(node.decorator_list)
        self._defer(node)
        self.bound.add(getattr(node, "name", None))

    visit_AsyncFunctionDef = visit_ClassDef = visit_FunctionDef

    def visit_Lambda(self, node):
        self._defer(ast.Expr(node))

    def _defer(self, node):
        table = symtable.symtable(ast.unparse(ast.fix_missing_locations(node)), "cell", "exec")
        self.needed |= self._read(table) - self.bound  # defaults and base classes
        for child in table.get_children():
            self.later |= self._globals(child)

    def _comprehension(self, node):
        inner = _Names()
        for generator in node.generators:
            inner._in_order(generator.iter, generator.target, generator.ifs)
        inner._in_order(*(getattr(node, part, None) for part in ("key", "value", "elt")))
        self.needed |= inner.needed - self.bound
        self.later |= inner.later - inner.bound

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    @staticmethod
    def _read(table):
        return {symbol.get_name() for symbol in table.get_symbols() if symbol.is_referenced()}

    def _globals(self, table):
        found = {s.get_name() for s in table.get_symbols() if s.is_global() and s.is_referenced()}
        return found.union(*(self._globals(child) for child in table.get_children()))


def names(tree):
    """What a cell's code binds, what it needs at once, and what its functions need when called.

    >>> bound, needed, later = names(ast.parse("y = x + 1\\ndef f(a): return a + z\\nprint(y)"))
    >>> sorted(bound), sorted(needed), sorted(later)
    (['f', 'y'], ['print', 'x'], ['z'])
    """
    walker = _Names()
    walker.visit(tree)
    return walker.bound, walker.needed, walker.later

"""Mutants of real Flask: the adapter of Flask with one small change in the source of Flask, itsdangerous or Werkzeug.

    flask_mutants.py list            each mutant on a line of JSON
    flask_mutants.py trace FILE      the unchanged adapter; the lines that it reaches are added to FILE
    flask_mutants.py run MUTANT      the adapter with this mutant

A mutant is named by module, function, kind of change and number: `flask.sessions:SessionInterface.should_set_cookie:logic:1`.
The changed source is compiled when Python imports the module; nothing is written to disk.

What is changed is what opens, reads and saves a session (`TARGETS`). Left out are docstrings, annotations, code for type checkers,
the texts of errors and warnings, and `__repr__`.
"""

import ast
import importlib.machinery
import importlib.util
import json
import sys

#: The modules, each with the functions, classes and variables that concern a session; `None` stands for all.
TARGETS = {
    "flask.sessions": None,
    "flask.json.tag": None,
    "flask.ctx": ("RequestContext.session", "RequestContext.push"),
    "flask.app": ("Flask.default_config", "Flask.process_response"),
    "flask.sansio.app": ("App.secret_key", "App.permanent_session_lifetime", "_make_timedelta"),
    "itsdangerous.signer": None,
    "itsdangerous.timed": None,
    "itsdangerous.serializer": None,
    "itsdangerous.url_safe": None,
    "itsdangerous.encoding": None,
    "itsdangerous._json": None,
    "werkzeug.datastructures.mixins": ("_always_update", "UpdateDictMixin"),
    "werkzeug.datastructures.structures": ("CallbackDict",),
    "werkzeug.http": (
        # What escapes a value is left out: no session's value has to be.
        "parse_cookie", "dump_cookie", "_cookie_no_quote_re", "http_date", "parse_date",
    ),
    "werkzeug.sansio.http": ("parse_cookie", "_cookie_re", "_cookie_unslash_re", "_cookie_unslash_replace"),
    "werkzeug.sansio.request": ("Request.cookies",),
    "werkzeug.sansio.response": ("Response.set_cookie", "Response.delete_cookie"),
}

#: Of Flask's default configuration, the keys that concern a session.
KEYS = ("APPLICATION_ROOT", "PERMANENT_SESSION_LIFETIME", "SECRET_KEY", "SESSION_")

#: Functions that say something to people or to type checkers.
UNCHANGED = ("__repr__", "__class_getitem__")

COMPARED = {
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
}

COMPUTED = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.Pow: ast.Mult,
}

#: Words that have a meaning where they stand, and others that have one there too.
WORDS = {
    "ascii": "utf-8", "idna": "utf-8", "ignore": "strict", "latin1": "utf-8", "replace": "strict", "strict": "ignore",
    "utf-8": "latin-1", "big": "little",
}

#: Statements that can go.
DELETED = (ast.AnnAssign, ast.Assert, ast.Assign, ast.AugAssign, ast.Break, ast.Continue, ast.Delete, ast.Expr, ast.Raise)


class Mutant:
    """One change: a node of the syntax tree, and what stands there afterwards (`None`: nothing)."""

    def __init__(self, name, operator, lines, line, place, old, new):
        self.name, self.operator, self.lines, self.line, self.place, self.old, self.new = (
            name, operator, lines, line, place, old, new,
        )
        self.id = None

    def apply(self):
        owner, field, index = self.place
        if index is None:
            setattr(owner, field, self.new)
        elif self.new is None:
            del getattr(owner, field)[index]
            if isinstance(owner, ast.Dict) and field == "keys":
                del owner.values[index]
        else:
            getattr(owner, field)[index] = self.new

    def as_json(self):
        was, becomes = text(self.old), text(self.new)
        # Of long texts, what stands around the difference.
        same = next((at for at, (one, other) in enumerate(zip(was, becomes)) if one != other), 0)
        if same > 40:
            was, becomes = "… " + was[same - 20:], "… " + becomes[same - 20:]
        return {"id": self.id, "line": self.line, "lines": self.lines, "was": brief(was), "becomes": brief(becomes)}


def text(node):
    """A node as source of one line."""
    if node is None:
        return ""
    if isinstance(node, ast.cmpop):
        return type(node).__name__
    return " ".join(ast.unparse(ast.fix_missing_locations(node)).split())


def brief(source):
    return source if len(source) <= 100 else source[:100] + " …"


class Scope:
    """Where a node stands: the name of its function, the lines of its statement, the variables that are set in one place alone."""

    def __init__(self, name, lines=None, operator=None, is_message=False, needed=None):
        self.name, self.lines, self.operator, self.is_message, self.needed = name, lines, operator, is_message, needed

    def but(self, **members):
        return Scope(**{**vars(self), **members})


class Finder:
    """All mutants of a module, in the order of its source."""

    def __init__(self, tree, wanted):
        self.wanted, self.found = wanted, []
        self.block(tree, "body", Scope(""))

    def add(self, scope, operator, place, old, new):
        if self.is_wanted(scope.name):
            operator = scope.operator if scope.operator and operator == "constant" else operator
            self.found.append(Mutant(scope.name, operator, scope.lines, line_of(old, scope), place, old, new))

    def is_wanted(self, name):
        return self.wanted is None or any(name == some or name.startswith(some + ".") for some in self.wanted)

    def block(self, owner, field, scope):
        for index, statement in enumerate(getattr(owner, field)):
            self.statement((owner, field, index), statement, scope)

    def statement(self, place, node, scope):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return self.function(node, scope)
        if isinstance(node, ast.ClassDef):
            if not any("Protocol" in ast.unparse(base) for base in node.bases):
                self.block(node, "body", scope.but(name=inner(scope.name, node.name)))
            return None
        if is_for_others(node):
            return None
        if scope.lines is None:
            # A variable of a module or a class has a name of its own. Without it a module would not be imported.
            name = first_name(node)
            scope = scope.but(name=inner(scope.name, name), needed=() if scope.name else (name,))
        scope = scope.but(lines=header(node))
        is_needed = isinstance(node, (ast.Assign, ast.AnnAssign)) and target(node) in scope.needed
        if isinstance(node, DELETED) and not is_needed:
            self.add(scope, "delete", place, node, ast.Pass())
        elif isinstance(node, ast.Return):
            has_value = node.value is not None and not is_none(node.value)
            if has_value or node.value is None:
                self.add(scope, "delete", place, node, ast.Return(ast.Constant(None)) if has_value else ast.Pass())
        self.parts(node, scope.but(is_message=isinstance(node, ast.Raise)))
        return None

    def function(self, node, scope):
        decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
        if node.name in UNCHANGED or any(decorator.endswith("overload") for decorator in decorators):
            return
        scope = scope.but(name=inner(scope.name, node.name), lines=(node.body[0].lineno, node.body[-1].end_lineno))
        if len(node.body) > 1 and is_docstring(node.body[0]):
            scope = scope.but(lines=(node.body[1].lineno, node.body[-1].end_lineno))
        # Without its only value, a variable is an error wherever it is read.
        stored = [part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)]
        given = {part.arg for part in ast.walk(node) if isinstance(part, ast.arg)}
        scope = scope.but(needed={name for name in stored if stored.count(name) == 1} - given)
        for index, decorator in enumerate(node.decorator_list):
            self.add(scope, "decorator", (node, "decorator_list", index), decorator, None)
        self.parts(node.args, scope.but(operator="default"))
        self.block(node, "body", scope)

    def parts(self, node, scope):
        """What a node consists of."""
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("cast", "TypeVar"):
            # Its first argument is for type checkers.
            return [self.expression((node, "args", 1), node.args[1], scope)] if ast.unparse(node.func).endswith("cast") else None
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "bases", "decorator_list"):
                continue
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                self.block(node, field, scope.but(operator=None, is_message=False))
            elif isinstance(value, list):
                for index, part in enumerate(value):
                    if isinstance(part, ast.AST) and not self.is_of_others(node, index):
                        self.expression((node, field, index), part, scope)
            elif isinstance(value, ast.AST) and not (field == "func" and isinstance(value, ast.Subscript)):
                self.expression((node, field, None), value, scope.but(is_message=scope.is_message or field == "msg"))
        return None

    @staticmethod
    def is_of_others(node, index):
        """Whether a pair of a dictionary configures something else."""
        keys = node.keys if isinstance(node, ast.Dict) else ()
        names = [key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
        is_config = "SECRET_KEY" in names
        return is_config and not names[index].startswith(KEYS)

    def expression(self, place, node, scope):
        change = getattr(self, "change_" + type(node).__name__, None)
        if change is not None:
            change(place, node, scope)
        owner, field, _ = place
        if field == "test" and not isinstance(node, (ast.BoolOp, ast.Compare, ast.Constant, ast.UnaryOp)):
            self.add(scope, "condition", place, node, ast.UnaryOp(ast.Not(), node))
        if isinstance(node, ast.ExceptHandler):
            scope = scope.but(lines=(node.lineno, node.lineno))
        self.parts(node, scope)

    def change_Compare(self, place, node, scope):
        for index, compared in enumerate(node.ops):
            for other in COMPARED[type(compared)]:
                changed = node.ops[:index] + [other()] + node.ops[index + 1:]
                self.add(scope, "compare", place, node, ast.Compare(node.left, changed, node.comparators))

    def change_BoolOp(self, place, node, scope):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        self.add(scope, "logic", place, node, ast.BoolOp(other, node.values))
        for index in range(len(node.values)):
            rest = node.values[:index] + node.values[index + 1:]
            self.add(scope, "operand", place, node, rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest))

    def change_UnaryOp(self, place, node, scope):
        self.add(scope, "unary", place, node, node.operand)

    def change_BinOp(self, place, node, scope):
        if type(node.op) in COMPUTED:
            self.add(scope, "arithmetic", place, node, ast.BinOp(node.left, COMPUTED[type(node.op)](), node.right))

    def change_AugAssign(self, place, node, scope):
        self.add(scope, "arithmetic", place, node, ast.Assign([node.target], node.value))

    def change_Call(self, place, node, scope):
        if ast.unparse(node.func).split(".")[-1] in ("cast", "TypeVar", "super"):
            return
        for field in ("args", "keywords"):
            for index, argument in enumerate(getattr(node, field)):
                if not (scope.is_message and is_text(argument)):
                    self.add(scope, "argument", (node, field, index), argument, None)

    def elements(self, place, node, scope, field="elts"):
        if isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
            for index, element in enumerate(getattr(node, field)):
                if element is not None and not self.is_of_others(node, index):
                    self.add(scope, "element", (node, field, index), element, None)

    change_List = change_Set = change_Tuple = elements

    def change_Dict(self, place, node, scope):
        self.elements(place, node, scope, "keys")

    def change_Constant(self, place, node, scope):
        if isinstance(place[0], ast.Compare) and node.value is None or scope.is_message and is_text(node):
            return
        is_pattern = isinstance(place[0], ast.Call) and ast.unparse(place[0].func) == "re.compile"
        for other in others(node.value, is_pattern):
            self.add(scope, "constant", place, node, ast.Constant(other))


def others(value, is_pattern):
    """Other constants that could stand there."""
    if isinstance(value, bool):
        return [not value]
    if value is None:
        return [0]
    if isinstance(value, int):
        return [value + 1, value - 1]
    if not isinstance(value, (str, bytes)):
        return []
    more = "x" if isinstance(value, str) else b"x"
    if value in WORDS:
        return [WORDS[value]]
    kept = value if isinstance(value, str) else value.decode("latin-1")
    found = [value + more]
    if is_pattern:
        found = []
    if len(kept) > 1 and (is_pattern or not any(letter.isalnum() or letter.isspace() for letter in kept)):
        found += [value[:at] + value[at + 1:] for at in positions(kept)]
    return list(dict.fromkeys(found))


def positions(pattern):
    """Where the characters of a pattern are that mean something: outside of comments and layout, if it has any."""
    at, is_comment = [], False
    has_layout = "\n" in pattern
    for index, letter in enumerate(pattern):
        if has_layout and letter == "#":
            is_comment = True
        if letter == "\n":
            is_comment = False
        if not is_comment and not (has_layout and letter in "\n " and pattern[max(index - 1, 0)] not in "[^"):
            at.append(index)
    return at


def inner(outer, name):
    return f"{outer}.{name}" if outer else name


def first_name(node):
    return next((part.id for part in ast.walk(node) if isinstance(part, ast.Name)), "")


def target(node):
    """The variable that an assignment sets, if it sets one and nothing else."""
    first = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
    return first.id if isinstance(first, ast.Name) else None


def is_none(node):
    return isinstance(node, ast.Constant) and node.value is None


def is_text(node):
    return isinstance(node, ast.JoinedStr) or isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes))


def is_docstring(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def is_for_others(node):
    """Whether a statement imports, documents, warns, or is there for type checkers."""
    if isinstance(node, (ast.Import, ast.ImportFrom, ast.Global, ast.Nonlocal, ast.Pass)) or is_docstring(node):
        return True
    if isinstance(node, ast.AnnAssign) and node.value is None:
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return ast.unparse(node.value.func) == "warnings.warn"
    if isinstance(node, ast.Assign) and ("TypeVar(" in ast.unparse(node.value) or first_name(node) == "__slots__"):
        return True
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def header(node):
    """The lines of a statement, without those of the statements in it."""
    inside = [part.lineno for part in ast.walk(node) if isinstance(part, (ast.stmt, ast.excepthandler)) and part is not node]
    return (node.lineno, max(node.lineno, min(inside) - 1) if inside else node.end_lineno)


def line_of(node, scope):
    return getattr(node, "lineno", None) or getattr(getattr(node, "value", None), "lineno", None) or scope.lines[0]


def mutants_of(module, source):
    """The tree of a module, and all its mutants, each with its name."""
    tree = ast.parse(source)
    found = Finder(tree, TARGETS[module]).found
    numbers = {}
    for mutant in found:
        kind = f"{module}:{mutant.name}:{mutant.operator}"
        numbers[kind] = numbers.get(kind, 0) + 1
        mutant.id = f"{kind}:{numbers[kind]}"
    return tree, found


def source_of(module):
    """The source of an installed module. Its package is imported for that."""
    spec = importlib.util.find_spec(module)
    return None if spec is None else spec.loader.get_source(module)


def all_mutants():
    for module in TARGETS:
        source = source_of(module)
        if source is not None:
            for mutant in mutants_of(module, source)[1]:
                yield module, mutant


class Loader(importlib.machinery.SourceFileLoader):
    """Compiles a module with a mutant in it."""

    mutant = None

    def get_code(self, fullname):
        tree, found = mutants_of(fullname, self.get_source(fullname))
        chosen = [mutant for mutant in found if mutant.id == self.mutant]
        if not chosen:
            sys.exit(f"there is no mutant {self.mutant!r} in what is installed\n`flask_mutants.py list` shows all")
        chosen[0].apply()
        return compile(ast.fix_missing_locations(tree), self.path, "exec", dont_inherit=True)


class Hook:
    """Finds one module where Python would, and has it loaded with a mutant."""

    def __init__(self, mutant):
        self.module, self.mutant = mutant.partition(":")[0], mutant
        if self.module not in TARGETS:
            sys.exit(f"there is no mutant {mutant!r}\n`flask_mutants.py list` shows all")

    def find_spec(self, name, path=None, target=None):
        if name != self.module:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        spec.loader = Loader(name, spec.origin)
        spec.loader.mutant = self.mutant
        return spec


def trace(file):
    """Notes each line of the modules as it is reached for the first time."""
    paths = {importlib.util.find_spec(module).origin: module for module in TARGETS if importlib.util.find_spec(module)}
    for name in [name for name in sys.modules if name.partition(".")[0] in ("flask", "itsdangerous", "werkzeug")]:
        del sys.modules[name]
    seen = set()

    def local(frame, event, argument):
        line = (frame.f_code.co_filename, frame.f_lineno)
        if event == "line" and line not in seen:
            seen.add(line)
            file.write(f"{paths[line[0]]} {line[1]}\n")
            file.flush()
        return local

    sys.settrace(lambda frame, event, argument: local if frame.f_code.co_filename in paths else None)


def main(command, argument=None):
    if command == "list":
        for module, mutant in all_mutants():
            print(json.dumps({"module": module, **mutant.as_json()}))
        return
    if command == "trace":
        trace(open(argument, "a", encoding="utf-8"))
    elif command == "run":
        sys.meta_path.insert(0, Hook(argument))
    import flask_adapter

    flask_adapter.main()


if __name__ == "__main__":
    main(*sys.argv[1:])

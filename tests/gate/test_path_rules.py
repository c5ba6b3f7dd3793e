"""What a rule opens is read narrowly, what it asks for is read widely."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from seawall.gate.errors import GateInvalid
from seawall.gate.path_rule import PathRule
from seawall.gate.path_rules import NO_RULE, PathMatch, PathRules, fold_path
from seawall.gate.refusals import MethodOverride, PathAmbiguous
from seawall.gate.request_path import decode_path
from seawall.gate.settings_file import load_settings
from seawall.gate.step_up.elevation_path import find_elevation_path

RULES = PathRules(
    [
        PathRule(prefix="/", scopes=("read",)),
        PathRule(prefix="/admin", acr_values=("strong",)),
        PathRule(prefix="/admin/", methods=("DELETE",), roles=("owner",)),
        PathRule(exact="/health", public=True),
        PathRule(prefix="/assets/", public=True),
        PathRule(prefix="/assets/private", scopes=("private",)),
    ]
)


def paths_of(match: PathMatch) -> list[str]:
    return [rule.exact or rule.prefix for rule in match.rules]


@pytest.mark.parametrize(
    ("path", "method", "expected"),
    [
        ("/", "GET", ["/"]),
        ("/mail", "GET", ["/"]),
        ("/admin", "GET", ["/admin"]),
        ("/admin/x", "GET", ["/admin"]),
        ("/admin/x", "DELETE", ["/admin/"]),
        ("/administrator", "GET", ["/"]),
        ("/admin-tools", "GET", ["/"]),
        ("/health/x", "GET", ["/"]),
        ("/Health", "GET", ["/"]),
        ("/health.json", "GET", ["/"]),
        ("/health ", "GET", ["/"]),
        ("/health/", "GET", ["/"]),
        ("/assets", "GET", ["/"]),
        ("/Assets/a.css", "GET", ["/"]),
        ("/ADMIN/x", "GET", ["/", "/admin"]),
        ("/admin ", "GET", ["/", "/admin"]),
        ("/admin.json", "GET", ["/", "/admin"]),
        ("/assets/private", "GET", ["/assets/private"]),
        ("/assets/Private.css", "GET", ["/assets/private"]),
    ],
)
def test_the_longest_path_decides_and_other_spellings_add(
    path: str, method: str, expected: list[str]
) -> None:
    match = RULES.match(path, method, overridden=False)
    assert paths_of(match) == expected
    assert not match.public


@pytest.mark.parametrize("path", ["/health", "/assets/a.css", "/assets/", "/assets/x/y"])
def test_a_public_path_is_open_as_written(path: str) -> None:
    assert RULES.match(path, "GET", overridden=False).public
    assert not RULES.match(path, "GET", overridden=False, escaped=True).public


SPELLINGS = [
    "/ADMIN", "/Admin/x", "/admin/", "/admin%20", "/admin%20/x", "/%20admin", "/admin.", "/admin./x", "/admin+", "/admin..%20",
    "/admin.json", "/admin.json/x", "/admin.a.b", "/admin%C2%A0", "/admin%E2%80%8B", "/ad%C2%ADmin", "/%EF%BD%81dmin",
    "/adm%C4%B1n", "/adm%C3%ADn/x", "/admin:$DATA", "/admin::$INDEX_ALLOCATION/x", "/admin,x", "/admin(1)", "/admin@v1",
    "/admin.php/x", "/index.php/admin/x", "/INDEX.PHP/Admin.json", "/site/app.cgi/admin", "/a.php/b.php/admin",
    "/admin&x", "/admin'",
]  # fmt: skip


@pytest.mark.parametrize("uri", SPELLINGS)
@pytest.mark.parametrize("exact", [False, True], ids=["prefix", "exact"])
def test_no_spelling_escapes_a_rule(uri: str, exact: bool) -> None:
    """`/admin%20` escaped `prefix="/admin"`; `/reports.json` and `/reports%20` escaped `exact="/reports"`."""
    rule = PathRule(exact="/admin", scopes=("a",)) if exact else PathRule(prefix="/admin", scopes=("a",))
    other = PathRule(prefix="/", public=True)
    below = re.search(r"/x$", uri) is not None and not uri.startswith("/admin.php/")
    match = PathRules([rule, other]).match(decode_path(uri), "GET", overridden=False)
    if exact and below:
        assert match.public, "what lies below is another path"
    else:
        assert match.rules == (rule,)
        assert not match.public


@pytest.mark.parametrize(
    "uri", ["/administrator", "/admin-x", "/admin_x", "/admin2", "/xadmin", "/x/admin", "/admi", "/x.y/admin"]
)
def test_other_names_are_other_paths(uri: str) -> None:
    for rule in (PathRule(prefix="/admin", scopes=("a",)), PathRule(exact="/admin", scopes=("a",))):
        assert PathRules([rule]).match(uri, "GET", overridden=False) == NO_RULE


def test_a_rule_for_a_script_is_about_its_argument() -> None:
    """PHP runs `/run.php` for `/run.php/anything` too."""
    rules = PathRules([PathRule(exact="/run.php", scopes=("a",)), PathRule(exact="/page", scopes=("b",))])
    for path in ("/run.php", "/run.php/x/y", "/RUN.php/x", "/run.php./x"):
        assert paths_of(rules.match(path, "GET", overridden=False)) == ["/run.php"]
    assert paths_of(rules.match("/page.php/x", "GET", overridden=False)) == ["/page"]
    assert rules.match("/page/x", "GET", overridden=False) == NO_RULE


def test_a_front_controller_hides_no_path() -> None:
    """Frameworks answer `/index.php/admin` as `/admin`, and `/app/index.php/admin` as `/app/admin`."""
    rules = PathRules(
        [
            PathRule(prefix="/", public=True),
            PathRule(prefix="/index.php", scopes=("page",)),
            PathRule(prefix="/admin", scopes=("admin",)),
            PathRule(prefix="/app/secret", scopes=("secret",)),
        ]
    )
    assert paths_of(rules.match("/index.php/news", "GET", overridden=False)) == ["/index.php"]
    assert paths_of(rules.match("/index.php/admin/x", "GET", overridden=False)) == ["/index.php", "/admin"]
    assert paths_of(rules.match("/app/index.php/secret", "GET", overridden=False)) == ["/app/secret"]


def test_what_is_written_out_counts_as_written() -> None:
    """A rule for the very spelling goes before a shorter one that fits another reading."""
    rules = PathRules(
        [
            PathRule(prefix="/v1", scopes=("one",)),
            PathRule(prefix="/v1.1", scopes=("two",)),
            PathRule(exact="/status", scopes=("ops",)),
            PathRule(exact="/status.html", public=True),
        ]
    )
    assert paths_of(rules.match("/v1.1/users", "GET", overridden=False)) == ["/v1.1"]
    assert paths_of(rules.match("/v1.2/users", "GET", overridden=False)) == ["/v1"]
    assert rules.match("/status.html", "GET", overridden=False).public
    assert paths_of(rules.match("/status.htm", "GET", overridden=False)) == ["/status"]


def test_a_weaker_rule_never_takes_the_place_of_a_stronger_one() -> None:
    rules = PathRules(
        [PathRule(prefix="/admin", scopes=("admin",)), PathRule(exact="/admin/help", scopes=("read",))]
    )
    assert paths_of(rules.match("/admin/help", "GET", overridden=False)) == ["/admin/help"]
    assert paths_of(rules.match("/admin/help.users", "GET", overridden=False)) == ["/admin", "/admin/help"]
    assert set(paths_of(rules.match("/ADMIN/HELP.users", "GET", overridden=False))) == {
        "/admin",
        "/admin/help",
    }
    assert paths_of(rules.match("/ADMIN/HELP", "GET", overridden=False)) == ["/admin/help"]


def test_head_is_a_get() -> None:
    rules = PathRules([PathRule(prefix="/a", methods=("GET",), scopes=("x",))])
    assert rules.match("/a", "HEAD", overridden=False).rules
    assert rules.match("/A.json", "HEAD", overridden=False).rules
    assert not rules.match("/a", "POST", overridden=False).rules


def test_where_the_method_matters_it_cannot_be_overridden() -> None:
    with pytest.raises(MethodOverride):
        RULES.match("/mail", "GET", overridden=True)
    indifferent = PathRules([PathRule(prefix="/", public=True)])
    assert indifferent.match("/mail", "GET", overridden=True).public


def test_no_rules_ask_nothing_and_open_nothing() -> None:
    match = PathRules([]).match("/mail", "GET", overridden=True)
    assert (match.rules, match.public) == ((), False)


def test_an_elevation_for_another_spelling_holds_for_that_alone() -> None:
    rules = PathRules(
        [PathRule(prefix="/", scopes=("a",)), PathRule(prefix="/admin", acr_values=("strong",))]
    )
    assert find_elevation_path("/admin/x", "GET", rules).path == "/admin"
    for target in ("/admin.json", "/Admin%20/x"):
        place = find_elevation_path(target, "GET", rules)
        match = rules.match(decode_path(target), "GET", overridden=False)
        assert place.holds(decode_path(target))
        assert not place.holds("/admin")
        assert len(place.path) >= len(match.within), "else the gate would not count it"


@pytest.mark.parametrize("second", ["/Admin", "/admin/", "/ADMIN/", "/admin "])
def test_two_rules_for_one_path_are_refused_at_the_start(second: str) -> None:
    tables = [{"prefix": "/admin", "scopes": ["a"]}, {"prefix": second, "public": True}]
    with pytest.raises(GateInvalid, match="second rule for the same path"):
        load_settings(Path("policy.toml"), {"path": tables}, {})


# Backends, each as simple as its documentation says it. What one of them takes for a guarded path, the gate asks for.

BACKENDS: dict[str, Callable[[str], str]] = {
    "as written": lambda path: path,
    "case-insensitive (IIS, ASP.NET, Windows)": str.lower,
    "compares in upper case": lambda path: path.upper().lower(),
    "cuts blanks and dots off names (Windows)": lambda path: "/".join(
        name.rstrip(". ") for name in path.split("/")
    ),
    "strips names": lambda path: "/".join(name.strip() for name in path.split("/")),
    "takes + for a blank and strips": lambda path: "/".join(
        name.replace("+", " ").strip() or name for name in path.split("/")
    ),
    "drops a trailing slash": lambda path: path.rstrip("/") or "/",
    "cuts off a format (Rails)": lambda path: re.sub(r"\.[^/.]+\Z", "", path),
    "cuts off every suffix (Spring before 5.3)": lambda path: re.sub(r"\.[^/]*\Z", "", path),
    "opens a stream of a file (NTFS)": lambda path: re.sub(r":[^/]*\Z", "", path),
    "runs a script with an argument (PHP)": lambda path: re.sub(r"(\.php)/.*\Z", r"\1", path),
    "routes by the argument of a script (PHP)": lambda path: re.sub(r"\A/[^/]+\.php(?=/)", "", path),
    "finds a script without its suffix (Apache MultiViews)": lambda path: re.sub(r"\.php(/.*)?\Z", "", path),
}

NAMES = st.text(st.sampled_from("abAB19-_.~ +'(é"), min_size=1, max_size=4)
TAILS = st.sampled_from(
    [
        "",
        "",
        "",
        ".",
        " ",
        ". .",
        "+",
        ".json",
        ".a.b",
        ":s",
        ".php",
        ".PHP",
        "/",
        "/x",
        ".php/x",
        " /x",
        "x",
        "-x",
    ]
)
HEADS = st.sampled_from(["", "", "", "/index.php", "/x"])


@st.composite
def plain(draw: Any) -> str:
    """A path that the gate accepts, made to look like others."""
    text = (
        draw(HEADS)
        + "".join(f"/{name}" for name in draw(st.lists(NAMES, min_size=1, max_size=3)))
        + draw(TAILS)
    )
    if draw(st.booleans()):
        text = text.swapcase()
    try:
        return decode_path(quote(text, safe="/!$&'()*+,-.:=@_~"))
    except PathAmbiguous:
        return "/a"


def is_under(rule: PathRule, path: str) -> bool:
    """Whether a rule is about a path, by its words alone."""
    written = rule.exact or rule.prefix
    return path == written or (not rule.exact and path.startswith(written.rstrip("/") + "/"))


@given(plain(), plain(), TAILS, st.booleans(), st.sampled_from(sorted(BACKENDS)))
@example("/reports", "/reports.json", "", True, "cuts off a format (Rails)")
@example("/admin", "/admin /x", "", False, "strips names")
@example("/1/", "/1", ".php", True, "cuts off a format (Rails)")
def test_what_a_backend_takes_for_a_guarded_path_is_guarded(
    guarded: str, asked: str, tail: str, exact: bool, backend: str
) -> None:
    assume(all(re.search(r"\w", name) for name in guarded.split("/") if name))
    rule = PathRule(exact=guarded, scopes=("a",)) if exact else PathRule(prefix=guarded, scopes=("a",))
    rules = PathRules([rule, PathRule(prefix="/", public=True)])
    name = guarded.rstrip("/")
    for path in (asked, name + tail, name.swapcase() + tail, f"/index.php{name}{tail}", f"{name}.php{tail}"):
        try:
            path = decode_path(quote(path, safe="/!$&'()*+,-.:=@_~"))
        except PathAmbiguous:
            continue
        if is_under(rule, BACKENDS[backend](path)):
            match = rules.match(path, "GET", overridden=False)
            assert rule in match.rules, (rule, path)
            assert not match.public


@given(st.lists(st.tuples(plain(), st.booleans(), st.booleans()), max_size=6), plain(), st.booleans())
def test_nothing_is_open_but_what_a_rule_opens_as_written(
    written: list[tuple[str, bool, bool]], path: str, escaped: bool
) -> None:
    rules = [
        PathRule(exact=one if exact else "", prefix="" if exact else one, public=public)
        for one, exact, public in written
    ]
    match = PathRules(rules).match(path, "GET", overridden=False, escaped=escaped)
    fitting = [rule for rule in rules if is_under(rule, path)]
    if match.public:
        assert not escaped
        assert match.rules == ()
        longest = max(len(rule.exact or rule.prefix) for rule in fitting)
        assert any(rule.public and len(rule.exact or rule.prefix) == longest for rule in fitting)
    elif not match.rules:
        assert not [rule for rule in fitting if not rule.public]
    assert not any(rule.public for rule in match.rules)


@given(plain())
def test_folding_is_done_once(path: str) -> None:
    folded = fold_path(path)
    assert fold_path(folded) == folded
    assert folded.startswith("/")
    assert "//" not in folded

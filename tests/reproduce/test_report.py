"""The table says how certain each side is, and a shortened run says so in every line."""

import json
import math

import pytest

from gancore.__main__ import main
from gancore.catalog import BadKnob
from gancore.reproduce import experiments, report
from gancore.reproduce.experiment import Measured, Published
from gancore.reproduce.report import Row


@pytest.fixture
def gancore(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def run(*arguments):
        try:
            code = main(["reproduce", *map(str, arguments)])
        except SystemExit as stop:
            code = stop.code
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def row(*values: Measured, published: Published | None = None) -> Row:
    return Row("GAN", "modes", "{:.1f}", published, ours=list(values))


@pytest.mark.parametrize(
    "made, said",
    [
        (row(), "not run"),
        (row(Measured(6)), "6.0 (one seed)"),
        (row(Measured(225, 2)), "225.0 ± 2.0 (own s.e.)"),
        (row(Measured(5), Measured(7), Measured(9)), "7.0 ± 1.2 (s.e. of 3 seeds)"),
        (row(Measured(math.inf), Measured(1)), "inf"),
    ],
)
def test_ours_comes_with_its_spread(made, said):
    assert made.said() == said


@pytest.mark.parametrize(
    "published, said",
    [
        (None, "no published figure"),
        (Published(6.3, 0.5, "a table"), "6.3 ± 0.5"),
        (Published(1000, None, "a table", "of 1,000"), "1000 of 1,000"),
        (Published(None, None, "a picture", "none; hops"), "none; hops"),
    ],
)
def test_theirs_comes_as_it_was_published(published, said):
    assert row(published=published).theirs() == said


TABLE = Published(6.3, 0.5, "a table", runs=10)


@pytest.mark.parametrize(
    "made, said",
    [
        (row(published=TABLE), ""),
        (row(Measured(6), published=None), ""),
        (row(Measured(1), published=Published(1, None, "another game")), ""),
        (row(Measured(3), published=TABLE), "met"),  # twice the joint error is 3.3 modes
        (row(Measured(2.5), published=TABLE), "missed by 3.8"),
        (row(Measured(5), Measured(5), Measured(5), published=TABLE), "missed by 1.3"),
        (row(Measured(180, 2), published=Published(225, 2, "a table")), "missed by 45"),
        (row(Measured(222, 2), published=Published(225, 2, "a table")), "met"),
        (row(Measured(math.inf), published=TABLE), "missed by inf"),
    ],
)
def test_a_miss_is_called_a_miss(made, said):
    assert made.verdict() == said


def test_only_the_whole_protocol_has_no_label():
    ring = experiments.make("pacgan-ring")
    assert report.label(ring, ring.steps, ring.seeds) == report.label(ring, ring.steps + 1, ring.seeds) == ""
    assert "3 of 400,000 iterations" in report.label(ring, 3, ring.seeds)
    assert "2 of 10 seeds" in report.label(ring, ring.steps, 2)


def test_a_short_run_says_so_beside_every_published_figure(gancore, tmp_path):
    kept = tmp_path / "report.txt"
    code, out, err = gancore("pacgan-ring", "--quick", "--steps", 3, "--seeds", 2, "--out", kept)
    lines = out.splitlines()
    assert code == 0 and kept.read_text(encoding="utf-8") == out
    assert all(line.startswith("[shortened: 3 of 400,000 iterations, 2 of 10 seeds] ") for line in lines)
    for figure in ("6.3 ± 0.5", "98.2 ± 0.2", "0.07 ± 0.03"):
        assert any(figure in line and "Lin et al. 2018 (PacGAN), Table 1" in line for line in lines)
    assert "Traceback" not in err and "seeds: 0, 1" in lines[-1] and "cores" in lines[-1]
    assert not list((tmp_path / "ganscope" / "reproduce").glob("*"))


def test_json_holds_the_table(gancore):
    facts = json.loads(gancore("pacgan-grid", "--steps", 2, "--seeds", 1, "--json")[1])
    assert facts["shortened"] and facts["experiment"] == "pacgan-grid"
    packed = next(r for r in facts["rows"] if r["what"] == "PacGAN2" and r["figure"] == "modes")
    assert packed["published"]["value"] == 23.8 and packed["iterations"] == [2] and len(packed["by_seed"]) == 1


def test_without_a_name_they_are_listed_with_their_time(gancore):
    code, out, _ = gancore()
    assert code == 0 and all(name in out for name in experiments) and "--quick" in out
    assert {facts["name"] for facts in json.loads(gancore("--json")[1])} == set(experiments)


def test_what_cannot_be_used_is_said_in_one_sentence(gancore, tmp_path):
    (tmp_path / "there").write_text("precious")
    for arguments, said in {
        ("pacgan-rnig",): "did you mean pacgan-ring",
        ("pacgan-ring", "--steps", "0"): "whole number from 1",
        ("pacgan-ring", "--seeds", "many"): "whole number from 1",
        ("pacgan-ring", "--out", str(tmp_path / "there")): "is there already",
        ("pacgan-ring", "--out", str(tmp_path / "no" / "file")): "folder",
    }.items():
        code, out, err = gancore(*arguments)
        assert code == 2 and not out and said in err and len(err.strip().splitlines()) == 1
    assert (tmp_path / "there").read_text() == "precious"
    with pytest.raises(BadKnob):
        experiments.make("")

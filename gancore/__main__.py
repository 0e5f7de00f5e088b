"""The command line: `python -m gancore list` shows what there is to pick, `python -m gancore train` plays without a page."""

from __future__ import annotations

import argparse
import os
import sys

import torch

from gancore.catalog import BadKnob
from gancore.cli.doctor import doctor
from gancore.cli.exporting import give
from gancore.cli.importing import bring
from gancore.cli.listing import show
from gancore.cli.reproduce import reproduce
from gancore.cli.sweeping import sweep
from gancore.cli.training import FAILURES, train
from gancore.game.data.download import DownloadFailed
from gancore.game.data.idx import BadFile
from gancore.record.export import DRAWN, FORMATS
from gancore.train.engines import hands

UNUSABLE, STOPPED = 2, 130


class Parser(argparse.ArgumentParser):
    """argparse that says what is wrong in one sentence."""

    def error(self, message: str):
        self.exit(UNUSABLE, f"{message} ({self.prog} --help shows what there is)\n")


def parser() -> Parser:
    made = Parser("python -m gancore", description="GANs that you can watch train, from the command line.")
    commands = made.add_subparsers(
        required=True, metavar="list | train | sweep | doctor | reproduce | import | export", parser_class=Parser
    )

    listing = commands.add_parser("list", help="everything there is to pick, with its source")
    listing.add_argument("catalog", nargs="?", help="show this catalog alone, with its knobs")
    form = listing.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object instead of text")
    form.add_argument("--markdown", action="store_true", help="tables in Markdown: how .github/catalog.md is made")
    listing.set_defaults(act=show)

    training = commands.add_parser("train", help="train a game and measure what came out")
    training.add_argument("what", metavar="PRESET|FILE.toml", help="where the settings come from")
    training.add_argument("--set", action="append", default=[], metavar="KNOB=VALUE", help="such as d_opt.lr=0.01")
    training.add_argument("--steps", default="5000", metavar="N", help="iterations to play (5000)")
    training.add_argument("--seed", metavar="S", help="the same as --set seed=S")
    training.add_argument("--json", action="store_true", help="the last line of the output is one JSON object")
    training.add_argument(
        "--out", metavar="FILE", help="keep a recording (.sqlite) or every iteration's scalars (.csv)"
    )
    training.add_argument(
        "--stop-on", metavar="FAILURE", help="stop, with exit code 3, once it is told: any, " + ", ".join(FAILURES)
    )
    training.set_defaults(act=train)

    many = commands.add_parser(
        "sweep", help="one game from several seeds, or with several values of one knob, on all cores"
    )
    many.add_argument("what", metavar="PRESET|FILE.toml", help="where the settings come from")
    many.add_argument("--set", action="append", default=[], metavar="KNOB=VALUE", help="such as d_opt.lr=0.01")
    many.add_argument("--seeds", metavar="N", help="how many seeds (8)")
    many.add_argument("--seed", metavar="S", help="the first of them, or the one of all with --vary")
    many.add_argument(
        "--vary", metavar="KNOB=A,B,C", help="values of one knob instead of seeds, such as d_opt.lr=0.001,0.01"
    )
    many.add_argument("--steps", default="5000", metavar="N", help="iterations each is played (5000)")
    many.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    many.set_defaults(act=sweep)

    health = commands.add_parser("doctor", help="what is the matter with a recorded run, and what to try")
    health.add_argument("run", metavar="RUN", help="a recording's path, or its name in the folder of recordings")
    health.add_argument("--json", action="store_true", help="one JSON object; with --follow one a line")
    health.add_argument(
        "--follow", action="store_true", help="look at a growing run until it ends, telling what changes"
    )
    health.set_defaults(act=doctor)

    again = commands.add_parser("reproduce", help="run a published experiment and compare; without a name, list them")
    again.add_argument("name", metavar="NAME", nargs="?", help="which experiment")
    again.add_argument("--quick", action="store_true", help="a shortened version, labelled so in every line")
    again.add_argument("--seeds", metavar="N", help="how many seeds instead of the protocol's")
    again.add_argument("--steps", metavar="N", help="how many iterations instead of the protocol's")
    again.add_argument("--json", action="store_true", help="one JSON object instead of text")
    again.add_argument("--out", metavar="FILE", help="keep what is printed in a new file")
    again.set_defaults(act=reproduce)

    own = commands.add_parser("import", help="bring in pictures or points of your own, to play on")
    own.add_argument(
        "path", metavar="PATH", help="a folder or .zip of pictures, .npy, .npz, .mat, IDX, or .csv of points"
    )
    own.add_argument("--name", required=True, metavar="NAME", help="how settings and links will call them")
    own.add_argument("--side", metavar="PIXELS", help="8 to 64; by default that of square arrays, 28 for picture files")
    own.set_defaults(act=bring)

    out = commands.add_parser("export", help="a recording as a page, a figure, a film, a table or a script")
    out.add_argument("run", metavar="RUN", help="the path of a recording, or its name in the folder of recordings")
    out.add_argument("--to", required=True, metavar="FILE", help=f"ends in {', '.join({**DRAWN, **FORMATS})}")
    out.add_argument("--panel", metavar="NAME", help="for .svg, .png, .gif and .mp4: which chart, such as losses")
    out.add_argument("--at", metavar="ITERATION", help="for .svg and .png: when; the end if not said")
    out.add_argument("--theme", default="light", metavar="light|dark", help="of figures and films (light)")
    out.add_argument("--megabytes", default="12", metavar="N", help="a page or a film takes at most so much (12)")
    out.add_argument("--json", action="store_true", help="how far it is, and the file, as one JSON object a line")
    out.set_defaults(act=give)
    return made


def main(arguments: list[str] | None = None) -> int:
    """Exit codes: 0 done, 2 what was given cannot be used, 3 the game diverged or is sick, 130 stopped with Ctrl-C."""
    torch.set_num_threads(1)
    asked = parser().parse_args(arguments)
    try:
        code = asked.act(asked)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # whoever read, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (BadKnob, BadFile, DownloadFailed, OSError) as error:
        print(error, file=sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return STOPPED


if __name__ == "__main__":
    hands.allow(hands.cores())
    sys.exit(main())

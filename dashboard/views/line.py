"""The line: a density that is known exactly, so that everything the game does can be held against the truth."""

from dashboard.panels.density import density
from dashboard.panels.gradients import gradients
from dashboard.panels.health import health
from dashboard.panels.losses import losses
from dashboard.panels.quality import quality
from dashboard.panels.scores import scores
from dashboard.views.stage import play

PANELS = (health, density, losses, scores, quality, gradients)


def show():
    play("line", PANELS)

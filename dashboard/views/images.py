"""Pictures: digits and clothes, seen as samples, in their principal plane, and through the eyes of D."""

from dashboard.panels.gradients import gradients
from dashboard.panels.health import health
from dashboard.panels.held_out import held_out
from dashboard.panels.losses import losses
from dashboard.panels.pca import pca
from dashboard.panels.samples import samples
from dashboard.panels.scores import scores
from dashboard.panels.spectrum import spectrum
from dashboard.views.stage import play

PANELS = (health, samples, pca, losses, scores, gradients, held_out, spectrum)


def show():
    play("images", PANELS)

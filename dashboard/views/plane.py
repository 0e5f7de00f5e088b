"""The plane: what GANs are first tried on, where D can be seen everywhere and every dropped mode is counted."""

from dashboard.panels.gradients import gradients
from dashboard.panels.health import health
from dashboard.panels.latent import latent
from dashboard.panels.losses import losses
from dashboard.panels.neighbours import neighbours
from dashboard.panels.plane import plane
from dashboard.panels.scores import scores
from dashboard.panels.shares import shares
from dashboard.panels.sliced import sliced
from dashboard.views.stage import play

PANELS = (health, plane, sliced, shares, latent, losses, scores, gradients, neighbours)


def show():
    play("plane", PANELS)

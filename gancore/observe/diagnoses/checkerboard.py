"""When the way that G enlarges pictures is seen in them."""

from __future__ import annotations

from gancore.observe.diagnoses.shelf import Cure, Diagnosis, above, all_of, diagnoses

ENERGY = 2.5  # Times the real pictures' energy at waves of two pixels,
PEAK = 1.5  # and times as much more than beside them: noise is as strong there.


@diagnoses.add
class Checkerboard(Diagnosis):
    """Odena, Dumoulin & Olah 2016: where strides and kernels overlap unevenly, every second pixel is another shade."""

    name = "checkerboard"
    title = "Checkerboard"
    says = "Every second pixel of the samples is another shade, which is not so in the real pictures."
    shows = ("checker", "peak")
    proof = {"images": "spectrum"}
    yields_to = ("divergence", "cycling", "collapse", "d-blind", "vanishing-gradient")

    def strength(self, seen):
        return all_of(above(seen.usual("checker"), ENERGY), above(seen.usual("peak"), PEAK))

    def cure(self, config):
        if getattr(config.g, "upsample", "") == "transposed":
            return Cure("g.upsample=resize", "pixels are doubled first and then mixed, all alike", 1500, restart=True)
        return Cure(
            f"d_opt.lr={min(2 * config.d_opt.lr, 10):.3g}",
            "D learns faster to see the pattern, and G to leave it out",
            2000,
        )

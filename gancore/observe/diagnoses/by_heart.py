"""When a player knows the pictures it is trained on by heart, and no others."""

from __future__ import annotations

from gancore.observe.diagnoses.shelf import Cure, Diagnosis, above, all_of, below, diagnoses

RECOGNISED = 0.75  # Share of pairs in which D puts the picture that it was trained on above the one that it never saw,
MISTAKEN = 0.5  # and share of the unseen that it takes for generated: a D that tosses coins has half.
COPIED = 0.8  # Of the distance that unseen pictures have to the nearest one trained on,
CLOSER = 0.4  # and so many more than by chance are nearer to those than to any unseen one.


def more_to_see(config, expect: str) -> Cure:
    """What helps against few pictures, if there are no more of them: show D each in many forms."""
    if config.data.page == "images" and config.input.name != "augment":
        return Cure("input=augment", expect, 2000, restart=True)
    return Cure(f"d_opt.lr={config.d_opt.lr / 10:.3g}", f"D learns slower, so that {expect} for longer", 2000)


@diagnoses.add
class DOverfits(Diagnosis):
    """Brock et al. 2019 (BigGAN), section 4.2; Karras et al. 2020 (ADA), section 2: unseen real pictures score like generated ones."""

    name = "d-overfits"
    title = "D overfits"
    says = "D knows the training pictures by heart, and takes real ones that it never saw for generated."
    shows = ("recognised", "mistaken")
    proof = {"images": "held-out"}
    yields_to = ("divergence",)

    def strength(self, seen):
        return all_of(above(seen.usual("recognised"), RECOGNISED), above(seen.usual("mistaken"), MISTAKEN))

    def cure(self, config):
        return more_to_see(config, "unseen pictures score like training pictures")


@diagnoses.add
class GMemorises(Diagnosis):
    """Meehan et al. 2020: generated samples lie nearer to the training set than new samples of the data do."""

    name = "g-memorises"
    title = "G memorises"
    says = "G's samples are copies of training pictures."
    shows = ("copied", "closer")
    proof = {"images": "samples"}
    yields_to = ("divergence", "collapse")

    def strength(self, seen):
        return all_of(below(seen.usual("copied"), COPIED), above(seen.usual("closer"), CLOSER))

    def cure(self, config):
        return more_to_see(config, "G is not drawn to single pictures")

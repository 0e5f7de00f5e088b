"""The callback does in Lightning what the three lines do in a loop; skipped where Lightning is not installed."""

import importlib
import sys

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import softplus

from gancore.record.recording import Reader


def test_without_lightning_the_error_says_what_to_install(monkeypatch):
    for name in ("lightning", "lightning.pytorch", "pytorch_lightning"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "gancore.run.watching.lightning", raising=False)
    with pytest.raises(ImportError, match="pip install lightning"):
        importlib.import_module("gancore.run.watching.lightning")


def test_a_lightning_module_is_watched(tmp_path):
    pl = pytest.importorskip("lightning.pytorch")
    from gancore.run.watching.lightning import WatchGAN

    class GAN(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.G = nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 2))
            self.D = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 1))
            self.automatic_optimization, self.losses, self.watched = False, [], None

        def training_step(self, batch, _):
            opt_g, opt_d = self.optimizers()
            on_real, on_fake = self.D(batch[0]), self.D(self.G(torch.randn(len(batch[0]), 4)).detach())
            loss_d = (softplus(-on_real) + softplus(on_fake)).mean()
            opt_d.zero_grad()
            self.manual_backward(loss_d)
            opt_d.step()
            self.losses.append(loss_d.item())
            if self.watched:
                self.watched.d_step(loss_d, on_real, on_fake)
            loss_g = softplus(-self.D(self.G(torch.randn(len(batch[0]), 4)))).mean()
            opt_g.zero_grad()
            self.manual_backward(loss_g)
            opt_g.step()
            if self.watched:
                self.watched.g_step(loss_g)

        def configure_optimizers(self):
            return torch.optim.Adam(self.G.parameters()), torch.optim.Adam(self.D.parameters())

    x = torch.randn(200, 2, generator=torch.Generator().manual_seed(0))
    callback = WatchGAN(
        "light", generator="G", discriminator="D", noise=lambda n: torch.randn(n, 4), real=x, folder=tmp_path
    )
    played = []
    for callbacks in ([], [callback]):
        pl.seed_everything(1)
        module = GAN()
        loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x), batch_size=20)
        quiet = dict(logger=False, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False)
        pl.Trainer(max_epochs=3, accelerator="cpu", callbacks=callbacks, **quiet).fit(module, loader)
        played.append(module)
    alone, watched = played
    assert all(torch.equal(a, b) for a, b in zip(alone.state_dict().values(), watched.state_dict().values()))
    with Reader(tmp_path / "light.sqlite") as reader:
        np.testing.assert_allclose(reader.scalars()[1][:, 0], watched.losses, rtol=1e-6)
        assert reader.scalars()[1].shape == (30, 6) and reader.frames()[-1] == 30
        assert np.isfinite(reader.scalars()[1][:, [0, 1, 2, 4]]).all()  # gradients as the budget allows

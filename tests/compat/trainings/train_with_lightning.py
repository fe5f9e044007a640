"""A tiny training with PyTorch Lightning and its MLFlowLogger; the server is argument 1."""

from __future__ import annotations

import json
import sys
from typing import Any

import lightning
import torch
from lightning.pytorch.loggers import MLFlowLogger

EPOCHS = 3


class Line(lightning.LightningModule):  # type: ignore[misc]  # the library has no types here
    """Fits a line."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.layer = torch.nn.Linear(1, 1)

    def training_step(self, batch: Any, _: int) -> Any:
        """The loss of one batch, logged per step and per epoch."""
        loss = torch.nn.functional.mse_loss(self.layer(batch[0]), batch[1])
        self.log("loss", loss, on_step=True, on_epoch=True)
        return loss

    def configure_optimizers(self) -> Any:
        """Plain gradient descent."""
        return torch.optim.SGD(self.parameters(), lr=self.hparams.rate)


def main(tracking_uri: str) -> None:
    """Train and print the id of the run."""
    lightning.seed_everything(7)
    x = torch.linspace(0, 1, 64).reshape(-1, 1)
    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, 3 * x + 1), batch_size=16)
    logger = MLFlowLogger(
        experiment_name="lightning",
        run_name="a line",
        tracking_uri=tracking_uri,
        tags={"framework": "lightning"},
    )
    trainer = lightning.Trainer(
        accelerator="cpu",
        max_epochs=EPOCHS,
        logger=logger,
        log_every_n_steps=1,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(Line(rate=0.1), data)
    print(json.dumps({"run_id": logger.run_id, "loss": float(trainer.callback_metrics["loss"])}))


if __name__ == "__main__":
    main(sys.argv[1])

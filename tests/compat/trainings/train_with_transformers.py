"""A tiny training with the Hugging Face Trainer and its MLflowCallback.

The server is argument 1. The model is a random BERT made from a configuration: no download.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

import mlflow


class Sentences(torch.utils.data.Dataset):  # type: ignore[misc]  # the library has no types here
    """Sixteen sentences of random words; the first word says which class it is."""

    def __len__(self) -> int:
        return 16

    def __getitem__(self, index: int) -> dict[str, Any]:
        words = torch.randint(2, 20, (8,), generator=torch.Generator().manual_seed(index))
        words[0] = index % 2
        return {"input_ids": words, "labels": torch.tensor(index % 2)}


def main(tracking_uri: str) -> None:
    """Train and print the id of the run."""
    os.environ["MLFLOW_TRACKING_URI"] = tracking_uri
    os.environ["MLFLOW_EXPERIMENT_NAME"] = "transformers"
    os.environ["MLFLOW_TAGS"] = json.dumps({"framework": "transformers"})
    model = BertForSequenceClassification(
        BertConfig(
            vocab_size=20,
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=16,
        )
    )
    arguments = TrainingArguments(
        output_dir="checkpoints",
        run_name="a tiny BERT",
        report_to=["mlflow"],
        num_train_epochs=2,
        per_device_train_batch_size=4,
        logging_steps=2,
        save_strategy="no",
        eval_strategy="epoch",
        use_cpu=True,
        disable_tqdm=True,
    )
    trainer = Trainer(
        model=model, args=arguments, train_dataset=Sentences(), eval_dataset=Sentences()
    )
    trainer.train()
    run = mlflow.last_active_run()  # the callback has ended it
    assert run is not None
    print(json.dumps({"run_id": run.info.run_id}))


if __name__ == "__main__":
    main(sys.argv[1])

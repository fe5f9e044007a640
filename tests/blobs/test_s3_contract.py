"""S3 is a place like any other: on Ceph and on Swift."""

from __future__ import annotations

import pytest

from mlflow.blobs.place import Place
from mlflow.blobs.schemes import open_place
from tests.blobs.contract import Contract, PartsContract, StagingContract
from tests.servers.object_stores import Bucket


class TestS3(Contract, PartsContract, StagingContract):
    part_size = 5 * 1024 * 1024
    knows_sizes = False

    @pytest.fixture
    def place(self, s3_bucket: Bucket) -> Place:
        return open_place(f"{s3_bucket.url}/some/prefix")

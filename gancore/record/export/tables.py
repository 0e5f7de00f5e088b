"""Every iteration's scalars as a table, for spreadsheets and data frames."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from gancore.record.recording import Reader


def table(reader: Reader) -> pd.DataFrame:
    """`iteration` (int64) and the scalars by name (float32), a row per iteration."""
    iterations, values = reader.scalars()
    return pd.DataFrame({"iteration": iterations, **dict(zip(reader.names, values.T))})


def csv(reader: Reader, path: Path) -> None:
    """Nine digits, by which a float32 reads back unchanged."""
    table(reader).to_csv(path, index=False, float_format="%.9g", na_rep="nan")


def parquet(reader: Reader, path: Path) -> None:
    table(reader).to_parquet(path, index=False)

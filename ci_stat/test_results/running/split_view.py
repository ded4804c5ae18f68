"""Shards for a person and for other programs."""

from typing import Any

from ci_stat.rendering.document import Document, Table, Tone, text
from ci_stat.rendering.format import plural
from ci_stat.test_results.running.balance import ShardPlan, Split
from ci_stat.test_results.running.words import seconds_words


def split_data(plan: Split, index: int | None) -> dict[str, Any]:
    """The shards, or only one of them with its files."""
    shards = [shard for shard in plan.shards if index in (None, shard.number)]
    return {
        "plan": plan.digest,
        "total_shards": len(plan.shards),
        "total_files": sum(len(shard.units) for shard in plan.shards),
        "median_seconds": plan.median,
        "shards": [_shard(shard) for shard in shards],
    }


def _shard(shard: ShardPlan) -> dict[str, Any]:
    return {
        "index": shard.number,
        "expected_seconds": None if shard.seconds is None else round(shard.seconds, 3),
        "without_history": shard.without_history,
        "files": list(shard.units),
    }


def split_document(plan: Split) -> Document:
    """A table of the shards with their expected times."""
    files = sum(len(shard.units) for shard in plan.shards)
    title = f"{plural(files, 'file')} in {plural(len(plan.shards), 'shard')}"
    rows = tuple(
        (
            text(f"shard {shard.number}"),
            text("–" if shard.seconds is None else seconds_words(shard.seconds)),
            text(f"{len(shard.units):,}"),
            text(f"{shard.without_history:,}"),
        )
        for shard in plan.shards
    )
    columns = ("", "expected", "files", "without history")
    return Document(
        title=title,
        subtitle=_subtitle(plan),
        tone=Tone.PLAIN,
        summary=title,
        blocks=(Table("", columns, rows),),
        foot=(text(f"Plan {plan.digest}: equal on each machine that has the same shards."),),
    )


def _subtitle(plan: Split) -> str:
    if plan.median is None:
        return "No history, so all files count the same"
    new = sum(shard.without_history for shard in plan.shards)
    if not new:
        return "Expected times are medians of the newest runs"
    median = seconds_words(plan.median)
    return f"{plural(new, 'file')} without history, each expected to take {median}, the median"

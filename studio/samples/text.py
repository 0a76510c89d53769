"""A workflow as a step: `word-statistics` runs by itself, and inside `text-report`."""

from __future__ import annotations

import asyncio
import re
from collections import Counter

from pydantic import BaseModel, Field

from workflows_app import create_workflow, from_init, from_step, step, template

WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
SENTENCE_END = re.compile(r"[.!?…]+(?:\s|$)")
WORDS_PER_MINUTE = 220

EXAMPLE = (
    "The rain had stopped before dawn. Along the harbour the boats lay still, and the gulls were quiet. "
    "Nobody was awake but the baker, and the baker was singing!"
)


class Text(BaseModel):
    text: str = Field(
        default=EXAMPLE,
        min_length=1,
        max_length=100_000,
        description="Paste anything: a letter, an article, a page of a book.",
        json_schema_extra={"x-widget": "textarea"},
    )


class Article(Text):
    title: str = Field(default="A morning at the harbour", min_length=1, max_length=120)


class Words(BaseModel):
    words: list[str]
    sentences: int


class WordCount(BaseModel):
    word: str
    times: int


class Vocabulary(BaseModel):
    different: int
    frequent: list[WordCount]


class Lengths(BaseModel):
    longest: str
    letters_per_word: float
    words_per_sentence: float


class Statistics(BaseModel):
    words: int
    sentences: int
    different: int
    frequent: list[WordCount]
    longest: str
    letters_per_word: float
    words_per_sentence: float


class Report(BaseModel):
    title: str
    summary: str
    minutes: float
    statistics: Statistics


@step
async def split_words(data: Text) -> Words:
    """Find the words, and count the sentences."""
    words = WORD.findall(data.text)
    return Words(words=words, sentences=max(1, len(SENTENCE_END.findall(data.text))))


@step
async def count_words(data: Words) -> Vocabulary:
    """Count how often each word comes."""
    await asyncio.sleep(0.4)
    counts = Counter(word.lower() for word in data.words)
    frequent = [WordCount(word=word, times=times) for word, times in counts.most_common(5)]
    return Vocabulary(different=len(counts), frequent=frequent)


@step
async def measure_words(data: Words) -> Lengths:
    """Measure words and sentences."""
    await asyncio.sleep(0.6)
    letters = sum(map(len, data.words))
    return Lengths(
        longest=max(data.words, key=len, default=""),
        letters_per_word=round(letters / max(1, len(data.words)), 1),
        words_per_sentence=round(len(data.words) / data.sentences, 1),
    )


@step
async def estimate_reading(data: Statistics) -> float:
    """Estimate the minutes it takes to read the text."""
    return round(data.words / WORDS_PER_MINUTE, 1)


word_statistics = (
    create_workflow(
        id="word-statistics",
        description="Counts and measures the words of a text, side by side.",
        input_schema=Text,
        output_schema=Statistics,
    )
    .then(split_words)
    .parallel([count_words, measure_words])
    .map(
        {
            "words": lambda ctx: len(ctx.get_step_result(split_words)["words"]),
            "sentences": from_step(split_words, "sentences"),
            "different": from_step(count_words, "different"),
            "frequent": from_step(count_words, "frequent"),
            "longest": from_step(measure_words, "longest"),
            "letters_per_word": from_step(measure_words, "letters_per_word"),
            "words_per_sentence": from_step(measure_words, "words_per_sentence"),
        },
        id="collect",
    )
    .commit()
)

text_report = (
    create_workflow(
        id="text-report",
        description="Writes a short report on a text; another workflow does the counting.",
        input_schema=Article,
        output_schema=Report,
    )
    .then(word_statistics)
    .then(estimate_reading)
    .map(
        {
            "title": from_init("title"),
            "summary": template(
                "“${initData.title}” has ${stepResults.word-statistics.words} words in "
                "${stepResults.word-statistics.sentences} sentences. Its longest word is "
                "“${stepResults.word-statistics.longest}”. To read it takes ${inputData} minutes."
            ),
            "minutes": from_step(estimate_reading),
            "statistics": from_step(word_statistics),
        },
        id="write-report",
    )
    .commit()
)

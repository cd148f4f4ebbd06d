//! `gridos journal verify`.

use gridos_journal::LayoutBook;
use gridos_journal::inspect::{Finding, StreamFiles, Verdict, verify_watched};
use serde_json::{Value, json};

use super::super::Outcome;
use super::place::Place;
use crate::cli::JournalAt;
use crate::output;
use crate::progress::Progress;
use crate::size::show_bytes;

/// The journal is not whole.
#[derive(Debug, thiserror::Error)]
#[error("{damages} damaged places; gridos journal repair keeps what is left of them")]
struct Damaged {
    damages: u64,
}

pub(super) fn run(args: &JournalAt) -> Outcome {
    let place = Place::find(&args.place)?;
    let book = LayoutBook::look(&place.root)?;
    let (mut damages, mut shown) = (0, Vec::new());
    let streams = place.streams()?;
    let progress = Progress::of_bytes("reading", streams.iter().map(bytes).sum());
    let mut before = 0;
    for stream in streams {
        let known = book.as_ref().map(|(book, _)| book);
        let verdict = verify_watched(&stream, known, &mut |read| progress.reach(before + read))?;
        before += bytes(&stream);
        damages += verdict.damages;
        let name = stream.dir.file_name().unwrap_or_default();
        let name = name.to_string_lossy().into_owned();
        if args.json {
            shown.push(as_json(&name, &verdict));
        } else {
            show(&name, &verdict)?;
        }
    }
    drop(progress);
    let layouts = book.as_ref().map(|(book, _)| book.ids().len());
    let book_damage = book.map_or(0, |(_, damage)| damage);
    if args.json {
        let whole = json!({
            "whole": damages == 0,
            "layouts": layouts,
            "layout_book_damaged_bytes": book_damage,
            "streams": shown,
        });
        output::line(whole)?;
    } else {
        match layouts {
            Some(layouts) => output::line(format_args!("layout book: {layouts} layouts"))?,
            None => output::line("there is no layout book: layouts were not checked")?,
        }
        if book_damage > 0 {
            output::line(format_args!(
                "  {book_damage} bytes of it are no entries: the end of an interrupted write, or damage"
            ))?;
        }
    }
    match damages {
        0 => Ok(()),
        damages => Err(Damaged { damages }.into()),
    }
}

fn bytes(stream: &StreamFiles) -> u64 {
    stream.segments.iter().map(|segment| segment.bytes).sum()
}

fn show(name: &str, verdict: &Verdict) -> Outcome {
    let state = if verdict.damages == 0 {
        "whole"
    } else {
        "DAMAGED"
    };
    output::line(format_args!(
        "stream {name}: {state}; {} segments, {}, {} frames, {} readings",
        verdict.segments,
        show_bytes(verdict.bytes),
        verdict.frames,
        verdict.readings,
    ))?;
    for Finding {
        path,
        offset,
        bytes,
        what,
        is_damage,
    } in &verdict.findings
    {
        let note = if *is_damage { "" } else { "note: " };
        output::line(format_args!(
            "  {note}{} at {offset}, {bytes} bytes: {what}",
            path.display()
        ))?;
    }
    let more = usize::try_from(verdict.damages).unwrap_or(usize::MAX);
    let more = more.saturating_sub(verdict.findings.len());
    if more > 0 {
        output::line(format_args!("  and {more} more"))?;
    }
    Ok(())
}

fn as_json(name: &str, verdict: &Verdict) -> Value {
    let findings = verdict.findings.iter().map(|finding| {
        json!({
            "file": finding.path.display().to_string(),
            "offset": finding.offset,
            "bytes": finding.bytes,
            "damage": finding.is_damage,
            "what": finding.what,
        })
    });
    json!({
        "stream": name,
        "segments": verdict.segments,
        "bytes": verdict.bytes,
        "frames": verdict.frames,
        "readings": verdict.readings,
        "damages": verdict.damages,
        "findings": findings.collect::<Vec<_>>(),
    })
}

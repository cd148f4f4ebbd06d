//! `gridos journal repair`.

use gridos_journal::repair::{Action, Repair, Workshop};
use serde_json::{Value, json};

use super::super::Outcome;
use super::place::Place;
use crate::cli::JournalRepair;
use crate::output;

pub(super) fn run(args: &JournalRepair) -> Outcome {
    let place = Place::find(&args.place)?;
    place.streams()?;
    let workshop = Workshop::enter(&place.root)?;
    let plan = workshop.plan()?;
    if args.write {
        for repair in &plan.repairs {
            workshop.carry_out(repair)?;
        }
    }
    if args.json {
        return output::line(json!({
            "written": args.write,
            "repairs": plan.repairs.iter().map(as_json).collect::<Vec<_>>(),
            "remarks": plan.remarks,
        }));
    }
    for repair in &plan.repairs {
        let Repair {
            path,
            offset,
            bytes,
            copy,
            ..
        } = repair;
        output::line(format_args!(
            "{} at {offset}, {bytes} bytes: copied to {}; {}",
            path.display(),
            copy.display(),
            then(repair)
        ))?;
    }
    for remark in &plan.remarks {
        output::line(remark)?;
    }
    let count = plan.repairs.len();
    match (count, args.write) {
        (0, _) => output::line("nothing to repair"),
        (_, true) => output::line(format_args!("{count} repairs done")),
        (_, false) => output::line(format_args!(
            "{count} repairs to do; nothing was changed: do it with --write"
        )),
    }
}

fn then(repair: &Repair) -> &'static str {
    match repair.action {
        Action::Keep => "left where they are, readers skip them",
        Action::Cut => "the file is cut off there",
        Action::WriteHeader(_) => "the header is written anew",
    }
}

fn as_json(repair: &Repair) -> Value {
    json!({
        "file": repair.path.display().to_string(),
        "offset": repair.offset,
        "bytes": repair.bytes,
        "copy": repair.copy.display().to_string(),
        "action": match repair.action {
            Action::Keep => "keep",
            Action::Cut => "cut",
            Action::WriteHeader(_) => "write_header",
        },
    })
}

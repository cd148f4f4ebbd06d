//! With what commands end, and what that means.

/// All is done, and what was looked at is well.
pub(crate) const DONE: u8 = 0;
/// What was asked could not be done, or what was looked at is not well.
pub(crate) const FAILED: u8 = 1;
/// The arguments (clap's own code) or the configuration are wrong: nothing was begun.
pub(crate) const MISTAKEN: u8 = 2;
/// `gridos status`: the engine takes and keeps readings, but something is missing.
pub(crate) const DEGRADED: u8 = 3;
/// `gridos canary`: the candidate is not good enough; it was rolled back.
pub(crate) const NOT_AS_GOOD: u8 = 4;
/// `gridos canary`: nobody can tell whether the candidate is good enough.
pub(crate) const INCONCLUSIVE: u8 = 5;

/// `gridos replay`: the two versions do not make the same of it.
pub(crate) const DIFFERENT: u8 = 6;

/// Every code with its meaning.
pub(crate) const ALL: &[(u8, &str)] = &[
    (DONE, "done; what was looked at is well"),
    (
        FAILED,
        "could not be done, or what was looked at is not well: a damaged journal (journal verify), a missing \
         schema step (migrate --check), a problem that gridos doctor found, an engine that does not answer or \
         takes no readings (status)",
    ),
    (
        MISTAKEN,
        "the command line or the configuration is wrong; nothing was begun",
    ),
    (
        DEGRADED,
        "gridos status: readings are taken and kept, but something is missing or was lost",
    ),
    (
        NOT_AS_GOOD,
        "gridos canary: the candidate is not good enough (judge), or was rolled back (rehearse)",
    ),
    (
        INCONCLUSIVE,
        "gridos canary: too little is known of the candidate, so it may not go on, or a rehearsal was interrupted; never to be taken for a pass",
    ),
    (
        DIFFERENT,
        "gridos replay: the two versions do not decode or judge the same; what differs is shown",
    ),
];

/// The codes as text, a paragraph each.
pub(crate) fn text() -> String {
    let codes = ALL.iter();
    let lines: Vec<String> = codes
        .map(|(code, what)| format!("  {code}  {what}"))
        .collect();
    format!(
        "What every command ends with:\n\n{}\n\nA program that is ended by a signal has the code that its \
         caller gives it, such as 130 for Ctrl-C in a shell; gridos run, demo and simulate end with 0 then, \
         once they have drained. With --json, errors are told as one object on the error output:\n\n  \
         {{\"error\": {{\"message\": …, \"causes\": […], \"faults\": [{{\"place\": …, \"what\": …}}], \
         \"exit_code\": …}}}}",
        lines.join("\n")
    )
}

//! Foreign programs that know what the system does not tell by itself.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// They answer at once or never.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often it is looked whether one has ended.
const LOOK: Duration = Duration::from_millis(10);
/// What they say is shorter, and fits a pipe.
const ANSWER_BYTES_MAX: u64 = 16 << 10;

/// What a program says on its output; nothing if it is not there, fails, or takes too long.
pub(super) async fn told(
    program: &'static str,
    arguments: &'static [&'static str],
) -> Option<String> {
    let answer = tokio::task::spawn_blocking(move || ask(program, arguments, PATIENCE));
    answer.await.ok().flatten()
}

fn ask(program: &str, arguments: &[&str], patience: Duration) -> Option<String> {
    let mut child = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    if !has_succeeded(&mut child, patience) {
        return None;
    }
    let mut text = String::new();
    let mut output = child.stdout.take()?.take(ANSWER_BYTES_MAX);
    output.read_to_string(&mut text).ok()?;
    Some(text)
}

fn has_succeeded(child: &mut Child, patience: Duration) -> bool {
    let began = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) if began.elapsed() < patience => thread::sleep(LOOK),
            Ok(None) | Err(_) => {
                // It may have ended meanwhile.
                let _ = child.kill();
                let _ = child.wait();
                return false;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_not_there_or_fails_says_nothing() {
        assert_eq!(told("echo", &["a"]).await.as_deref(), Some("a\n"));
        assert_eq!(told("false", &[]).await, None);
        assert_eq!(told("/no/such/program", &[]).await, None);
        assert_eq!(ask("sleep", &["600"], Duration::from_millis(50)), None);
    }
}

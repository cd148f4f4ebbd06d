//! The commands of a page, made to run beside others: on free ports, with the binary that was
//! built, in a folder of their own.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::expected::missing;
use super::page::Page;
use super::ports::Ports;
use super::shell::Shell;
use crate::support::engine;
use crate::support::nats::Cluster as Nats;
use crate::support::postgres::Cluster;

/// What cannot be run in a test, and where it is seen to work instead.
pub(super) const ELSEWHERE: [(&str, &str); 4] = [
    ("cargo build", "this test has the binary that it makes"),
    ("git clone", "a fresh clone is what CI starts from"),
    ("tests/run", "this test is a part of it"),
    ("python3 -m venv", "tests/run install makes one"),
];

/// How long it may take until a question is answered as the page shows it.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// The pause before a question is asked again.
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(300);

/// What is told behind questions of which one failed.
const UNANSWERED: &str = "@@unanswered";

/// How a block differs from its page.
enum Unlike {
    /// It was answered otherwise.
    Missing(String),
    /// It could not be run.
    Failed(String),
}

/// Where the commands of one page run.
pub(super) struct Site {
    folder: TempDir,
    programs: TempDir,
    ports: Ports,
    server: Option<(tokio::runtime::Runtime, Cluster)>,
}

impl Site {
    /// A site for `page`; `None` if this machine lacks what the page needs.
    pub(super) fn new(root: &Path, page: &Page) -> Option<Self> {
        let shell = page.blocks.iter().filter(|block| block.is_shell());
        let commands: String = shell.map(|block| block.text.as_str()).collect();
        let mut site = Self {
            folder: TempDir::new().unwrap(),
            programs: TempDir::new().unwrap(),
            ports: Ports::find(),
            server: None,
        };
        if commands.contains("5432") {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let cluster = runtime.block_on(Cluster::start())?;
            site.ports.set(5432, cluster.port());
            site.server = Some((runtime, cluster));
        }
        if commands.contains("nats-server") && !Nats::is_installed() {
            return None;
        }
        if commands.contains(".venv/") && !site.lend_python(root) {
            return None;
        }
        if commands.contains("canary rehearse") && !crate::canary::is_installed() {
            return None;
        }
        for folder in ["examples", "deploy/prometheus"] {
            site.copy(&root.join(folder), &site.folder.path().join(folder));
        }
        site.wrap();
        Some(site)
    }

    /// Commands refer to the examples and rules as from the root of a clone.
    fn copy(&self, from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
            let (path, copy) = (entry.path(), to.join(entry.file_name()));
            if path.is_dir() {
                self.copy(&path, &copy);
            } else if path.extension().is_some_and(|end| end == "csv") {
                // Thousands of addresses, of which nobody is there.
                fs::copy(path, copy).unwrap();
            } else {
                let text = fs::read_to_string(&path).unwrap();
                fs::write(copy, self.ports.put_into(&text)).unwrap();
            }
        }
    }

    /// `gridos`, and `cargo run --release --`, are the binary that was built.
    fn wrap(&self) {
        let binary = engine::binary();
        let binary = binary.display();
        let port = self.ports.of(8080).unwrap_or_default();
        // Where the book does not say where to listen.
        let gridos = format!(
            "if [ \"$1\" = demo ]; then shift; set -- demo --listen 127.0.0.1:{port} \"$@\"; fi\n\
             if [ \"$1\" = run ] && ! grep -qsh '^listen' \"$@\"; then\n\
               export GRIDOS__HTTP__LISTEN=127.0.0.1:{port}\n\
             fi\n\
             exec {binary} \"$@\"\n"
        );
        self.program("gridos", &gridos);
        self.program("cargo", "shift 3\nexec gridos \"$@\"\n");
        // The server of a test knows its superuser only.
        self.program("sudo", "shift 2\nexec \"$@\"\n");
    }

    fn program(&self, name: &str, text: &str) {
        let path = self.programs.path().join(name);
        fs::write(&path, format!("#!/bin/bash\n{text}")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// The Python of the tests has what the book tells to install.
    fn lend_python(&self, root: &Path) -> bool {
        let venv = root.join("tests/.venv");
        if !venv.exists() {
            let why = "there is no tests/.venv; tests/run install makes it";
            let nothing = std::env::var_os("GRIDOS_TESTS_SKIP_NOTHING");
            assert!(nothing.is_none(), "{why}");
            println!("skipped: {why}");
            return false;
        }
        symlink(venv, self.folder.path().join(".venv")).unwrap();
        true
    }

    /// Runs all of `page`; tells what it shows and was not told.
    pub(super) fn run(&self, page: &Page) -> Vec<String> {
        let mut shell = Shell::start(self.folder.path(), self.programs.path(), &self.prelude());
        let mut blocks = page.blocks.iter().peekable();
        let mut faults = Vec::new();
        while let Some(block) = blocks.next() {
            if !block.is_shell() {
                continue;
            }
            let at = format!("{}:{}", page.name, block.line);
            let shown = blocks.next_if(|next| next.is_answer());
            let shown = shown.map_or("", |answer| answer.text.as_str());
            match self.ask(&mut shell, &block.text, shown) {
                Ok(()) => {}
                Err(Unlike::Missing(what)) => faults.push(format!("{at}: {what}")),
                // Nothing behind it can be expected to work.
                Err(Unlike::Failed(why)) => {
                    faults.push(format!("{at}: {why}"));
                    break;
                }
            }
        }
        faults
    }

    /// Runs a block, again and again if it only asks, until it is answered as it is shown.
    fn ask(&self, shell: &mut Shell, block: &str, shown: &str) -> Result<(), Unlike> {
        let (mut commands, only_asks) = (self.runnable(block), only_asks(block));
        if only_asks {
            commands = forgiving(&commands);
        }
        let deadline = Instant::now() + ANSWER_WITHIN;
        loop {
            let told = shell.run(&commands).map_err(Unlike::Failed)?;
            let mut missing = missing(shown, &told);
            if told.contains(UNANSWERED) {
                missing.push("an answer to each question");
            }
            if missing.is_empty() {
                return Ok(());
            }
            // What a question is about may be on its way: a table that the engine makes, a reading that it stores.
            if !only_asks || Instant::now() > deadline {
                let what = format!("{missing:#?} was not told:\n{told}");
                return Err(Unlike::Missing(what));
            }
            std::thread::sleep(ASK_AGAIN_AFTER);
        }
    }

    fn prelude(&self) -> String {
        let [open, tls] = [8080, 8443].map(|port| self.ports.of(port).unwrap_or_default());
        let server = self.server.as_ref().map(|(_, cluster)| {
            format!(
                "export PGHOST=127.0.0.1 PGPORT={} PGUSER=postgres\n",
                cluster.port()
            )
        });
        format!(
            "export GRIDOS_URL=http://127.0.0.1:{open}\n\
             serves() {{\n\
               until curl -sf http://127.0.0.1:{open}/health || curl -skf https://127.0.0.1:{tls}/health\n\
               do kill -0 \"$1\"; sleep 0.1; done >/dev/null\n\
             }}\n\
             listens() {{ until (: >\"/dev/tcp/127.0.0.1/$2\") 2>/dev/null; do kill -0 \"$1\"; sleep 0.1; done; }}\n\
             {}",
            server.unwrap_or_default()
        )
    }

    /// The commands with free ports; an engine that would run until Ctrl-C ends by itself, and what
    /// runs in the background is waited for until it serves.
    fn runnable(&self, block: &str) -> String {
        let text = self.ports.put_into(block);
        let mut is_inside = None;
        let lines = text.lines().map(|line| match is_inside.clone() {
            Some(end) => {
                if line == end {
                    is_inside = None;
                }
                line.to_owned()
            }
            None => {
                is_inside = here_document(line);
                command(line)
            }
        });
        let lines: Vec<String> = lines.collect();
        lines.join("\n") + "\n"
    }
}

/// The questions with a mark behind them if one failed, after which the shell goes on.
fn forgiving(questions: &str) -> String {
    format!("set +e\n(set -e\n{questions})\n[ $? = 0 ] || echo '{UNANSWERED}'\nset -e\n")
}

/// The word that ends what `line` begins: `cat > file <<'END'`.
fn here_document(line: &str) -> Option<String> {
    let (_, word) = line.split_once("<<")?;
    Some(word.trim_matches('\'').trim().to_owned())
}

fn command(line: &str) -> String {
    let line = line.trim_end();
    if ELSEWHERE.iter().any(|(start, _)| line.starts_with(start)) {
        return String::new();
    }
    let is_engine = matches!(subcommand(line), Some("demo" | "run"));
    let is_background = line.ends_with('&') && !line.ends_with("&&");
    match (is_engine, is_background, last_port(line)) {
        (true, true, _) => format!("{line}\nserves $!"),
        (true, false, _) if !line.contains("--for ") => format!("{line} --for 2s"),
        (false, true, Some(port)) => format!("{line}\nlistens $! {port}"),
        _ => line.to_owned(),
    }
}

/// What `gridos` is to do.
fn subcommand(line: &str) -> Option<&str> {
    let starts = ["cargo run --release -- ", "gridos "];
    let behind = starts.iter().find_map(|start| line.split_once(start));
    behind?.1.split(' ').next()
}

/// The port that a command in the background is to listen at.
fn last_port(command: &str) -> Option<u16> {
    let words = command.split([' ', ':', '=']);
    let mut ports = words.filter_map(|word| word.parse::<u16>().ok());
    ports.rfind(|port| *port >= 1_024)
}

/// Whether the commands only ask, so that they may be run again.
fn only_asks(block: &str) -> bool {
    let lines = block.lines().filter(|line| !line.trim().is_empty());
    let mut asks = lines.map(|line| {
        let is_question = QUESTIONS.iter().any(|start| line.starts_with(start));
        is_question && !ORDERS.iter().any(|word| line.contains(word))
    });
    asks.all(|is_question| is_question)
}

/// How commands that only ask begin; `ask` is what the book calls a curl with a token.
const QUESTIONS: [&str; 7] = [
    "curl ",
    "ask ",
    "sqlite3 ",
    "psql ",
    "gridos status",
    "gridos alarms list",
    "gridos fleet status",
];

/// What makes an order of a curl.
const ORDERS: [&str; 4] = [" -d", " -X", "--data", " -T"];

//! An engine that asks who one is, and somebody for each role.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::request::Builder;
use axum::http::{Method, Request, Response, StatusCode, header};
use gridos_access::{BookFile, Entry, Password, Role, Token, TokenEntry, UserEntry};
use gridos_api::{Access, AccessSettings};
use gridos_model::{AuditRecord, Timestamp};
use gridos_pipeline::{AuditQueue, audit_log};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::rig::Rig;

/// The password of everybody.
pub(super) const PASSWORD: &str = "correct horse battery";

/// An engine with users and tokens, each called by their role.
pub(super) struct People {
    pub(super) rig: Rig,
    pub(super) access: Arc<Access>,
    pub(super) file: BookFile,
    pub(super) deeds: AuditQueue,
    tokens: BTreeMap<&'static str, Token>,
    _folder: TempDir,
}

/// What somebody shows who must not come in.
pub(super) const STRANGERS: [&str; 6] = [
    "nothing", "expired", "revoked", "forged", "mistyped", "basic",
];

impl People {
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(super) fn with(change: impl FnOnce(&mut AccessSettings)) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("users.jsonl");
        let file = BookFile::new(&path);
        let mut tokens = BTreeMap::new();
        let now = Timestamp::from(std::time::SystemTime::now());
        let hour = Duration::from_secs(3_600);
        // One hash for all: they take time.
        let password = Password::new(PASSWORD).hash().unwrap();
        let mut entries = Vec::new();
        for role in Role::ALL {
            entries.push(Entry::User(UserEntry {
                name: format!("the-{role}"),
                role,
                password: password.clone(),
                created: now,
            }));
        }
        let kinds = Role::ALL
            .map(|role| (role.name(), role, None, None))
            .into_iter();
        let kinds = kinds.chain([
            ("expired", Role::Admin, Some(now.saturating_sub(hour)), None),
            ("revoked", Role::Admin, None, Some(now.saturating_sub(hour))),
        ]);
        for (name, role, expires, revoked) in kinds {
            let token = Token::random().unwrap();
            entries.push(Entry::Token(TokenEntry {
                name: format!("{name}-token"),
                role,
                digest: token.digest(),
                created: now.saturating_sub(hour),
                expires: expires.or(Some(now.saturating_add(hour))),
                revoked,
            }));
            tokens.insert(name, token);
        }
        // One that this engine did not make, but that looks like one of it.
        tokens.insert("forged", Token::random().unwrap());
        file.change(|book| entries.into_iter().try_for_each(|entry| book.add(entry)))
            .unwrap();
        let mut settings = AccessSettings {
            is_on: true,
            users_file: path,
            ..AccessSettings::default()
        };
        change(&mut settings);
        let access = Arc::new(Access::new(settings).unwrap());
        let mut rig = Rig::new();
        let (audit, deeds) = audit_log(rig.waker.clone(), Arc::clone(&rig.state.telemetry));
        rig.state.audit = audit;
        rig.state.access = Arc::clone(&access);
        Self {
            rig,
            access,
            file,
            deeds,
            tokens,
            _folder: folder,
        }
    }

    pub(super) fn router(&self) -> Router {
        self.rig.router()
    }

    pub(super) fn path(&self) -> PathBuf {
        self.file.path().to_owned()
    }

    /// The token of `who`: a role, or a stranger who has one.
    pub(super) fn token(&self, who: &str) -> &str {
        self.tokens[who].expose()
    }

    /// A request as `who` makes it.
    pub(super) fn request(&self, who: &str, method: &Method, path: &str) -> Builder {
        let request = Request::builder().method(method).uri(path);
        let bearer = |text: &str| format!("Bearer {text}");
        match who {
            "nothing" => request,
            "basic" => request.header(header::AUTHORIZATION, "Basic YW5uYTpwYXNz"),
            "mistyped" => {
                let token = self.token("admin");
                request.header(header::AUTHORIZATION, bearer(&token[..token.len() - 1]))
            }
            who => request.header(header::AUTHORIZATION, bearer(self.token(who))),
        }
    }

    /// What was recorded since the last time.
    pub(super) fn recorded(&mut self) -> Vec<AuditRecord> {
        let mut records = Vec::new();
        while let Some(deed) = self.deeds.pop() {
            let sequence = records.len() as u64 + 1;
            records.push(AuditRecord::new(sequence, Timestamp::EPOCH, deed));
        }
        records
    }
}

/// The head of an answer; its body may have no end.
pub(super) async fn head(router: &Router, request: Request<Body>) -> Response<Body> {
    router.clone().oneshot(request).await.unwrap()
}

pub(super) async fn status(router: &Router, request: Builder, body: &str) -> StatusCode {
    let request = request.header(header::CONTENT_TYPE, "application/json");
    let request = request.body(Body::from(body.to_owned())).unwrap();
    head(router, request).await.status()
}

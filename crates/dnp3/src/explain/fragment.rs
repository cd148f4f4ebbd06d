//! A fragment: its header, and one line for each object header.

use super::header::Headers;
use super::{Hex, Limits, Line, Lines, counted};
use crate::app::{FragmentError, Function, Iin, Request, Response};

/// Who sent a fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// A master.
    Master,
    /// An outstation.
    Outstation,
    /// The one that its function says.
    Unknown,
}

/// What the octets of one fragment mean, from the application control on.
///
/// One that comes from the wrong side is read by its function all the same.
pub fn fragment(octets: &[u8], sender: Sender, limits: Limits) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut out = Lines {
        lines: &mut lines,
        depth: 0,
        limits,
    };
    explain(octets, sender, &mut out);
    lines
}

pub(super) fn explain(octets: &[u8], sender: Sender, out: &mut Lines<'_>) {
    let code = octets.get(1).copied();
    let is_response = match code.and_then(Function::from_code) {
        Some(function) => function.is_response(),
        None => sender == Sender::Outstation,
    };
    let explained = match is_response {
        true => response(octets, out),
        false => request(octets, out),
    };
    if let Err(error) = explained {
        out.fault(format_args!("fragment: {error}"));
        hex(octets, &mut out.within());
        return;
    }
    match (sender, is_response) {
        (Sender::Master, true) => out.within().doubt("a master sent it"),
        (Sender::Outstation, false) => out.within().doubt("an outstation sent it"),
        _ => {}
    }
}

fn request(octets: &[u8], out: &mut Lines<'_>) -> Result<(), FragmentError> {
    let request = Request::parse(octets)?;
    out.say(format_args!("{} {}", request.function, request.control));
    let mut out = out.within();
    if let Err(error) = request.check() {
        out.doubt(error);
    }
    Headers::new(false).explain(request.headers(), octets, &mut out);
    Ok(())
}

fn response(octets: &[u8], out: &mut Lines<'_>) -> Result<(), FragmentError> {
    let response = Response::parse(octets)?;
    let (function, control) = (response.function, response.control);
    out.say(format_args!("{function} {control}, IIN {}", response.iin));
    let mut out = out.within();
    if let Err(error) = response.check() {
        out.doubt(error);
    }
    if response.iin.reserved() != 0 {
        out.doubt("reserved bits of IIN2 are set");
    }
    let headers = Headers::new(response.iin.contains(Iin::NEED_TIME));
    headers.explain(response.headers(), octets, &mut out);
    Ok(())
}

/// What cannot be told apart.
pub(super) fn hex(rest: &[u8], out: &mut Lines<'_>) {
    if rest.is_empty() {
        return;
    }
    let limit = out.limits.octets;
    let count = counted(rest.len() as u64, "octet");
    let hex = Hex {
        octets: rest,
        limit,
    };
    out.say(format_args!("{count} not read: {hex}"));
}

//! Orders to outputs, which a simulation of measurements refuses.

use super::Outstation;
use crate::app::{
    CommandStatus, Field, Iin, Layout, ObjectHeader, RangeForm, Request, Response, Role,
};

/// The status of an order that the device cannot carry out (IEEE 1815-2012, Annex A, group 12).
const NOT_SUPPORTED: CommandStatus = CommandStatus::new(4);

impl Outstation {
    /// The objects of an order as the answer repeats them: with the status that they are not
    /// supported. If they have no room, the answer has none.
    pub(super) fn refuse_orders(&self, request: &Request<'_>) -> (Vec<u8>, Iin) {
        let mut octets = request.octets().to_vec();
        for header in request.headers() {
            match header {
                Ok(header) if is_order(&header) => refuse(&header, &mut octets),
                Ok(_) => return (Vec::new(), Iin::OBJECT_UNKNOWN),
                Err(_) => return (Vec::new(), Iin::PARAMETER_ERROR),
            }
        }
        octets.drain(..Request::HEADER_BYTES);
        if octets.len() + Response::HEADER_BYTES > self.room() {
            octets.clear();
        }
        (octets, Iin::PARAMETER_ERROR)
    }
}

fn is_order(header: &ObjectHeader<'_>) -> bool {
    let role = header.description().map(|description| description.role());
    role == Some(Role::Command) && header.carries_objects()
}

/// Sets the status of the orders behind `header`, which stands somewhere in `octets`.
fn refuse(header: &ObjectHeader<'_>, octets: &mut [u8]) {
    let description = header.description();
    let layout = description.map(|description| description.layout());
    let Some(Layout::Fields([.., Field::Status])) = layout else {
        return;
    };
    let start = header.offset() + header_bytes(header.qualifier().range());
    let objects = octets.get_mut(start..start + header.octets().len());
    let count = header.count().and_then(|count| usize::try_from(count).ok());
    let bytes = count.and_then(|count| header.octets().len().checked_div(count));
    if let (Some(objects), Some(bytes @ 1..)) = (objects, bytes) {
        for object in objects.chunks_exact_mut(bytes) {
            if let Some(status) = object.last_mut() {
                *status = NOT_SUPPORTED.code();
            }
        }
    }
}

/// The octets of a header with a range of that form.
fn header_bytes(form: RangeForm) -> usize {
    let range = match form {
        RangeForm::Span(width) | RangeForm::Addresses(width) => 2 * width.bytes(),
        RangeForm::All => 0,
        RangeForm::Count(width) => width.bytes(),
        RangeForm::SizedCount => 1,
    };
    3 + range
}

//! The application layer: fragments, object headers, objects.
//!
//! A fragment from an outstation is a [`Response`]; its [`ObjectHeaders`] are checked one by one,
//! and each [`ObjectHeader`] gives the values of points behind it: one by one as the wire types
//! them ([`Point`]), or all at once as numbers ([`Reading`]). What every group and variation is
//! stands in one table ([`Group`], [`Description`]).
//!
//! What goes out is a [`MasterRequest`], which has no word for an order to the field, or the
//! fragment of a [`ResponseWriter`] for a simulated outstation.

mod bytes;
mod control;
mod encode;
mod error;
mod flags;
mod fragment;
mod function;
mod header;
mod headers;
mod iin;
mod kind;
mod layout;
mod master_request;
mod object;
mod point;
mod qualifier;
mod reading;
mod response_writer;
mod status;
mod table;
mod time;
mod value;
mod variation;

pub use control::{Control, Sequence};
pub use error::{ObjectError, ObjectErrorKind};
pub use flags::{AnalogFlags, BinaryFlags, BinaryOutputFlags, CounterFlags, DoubleBitFlags, Flags};
pub use fragment::{ControlError, FragmentError, Request, Response};
pub use function::Function;
pub use header::{ObjectHeader, Range};
pub use headers::ObjectHeaders;
pub use iin::Iin;
pub use kind::{FlagSet, Kind, Role};
pub use layout::{Field, Layout, Number};
pub use master_request::{
    Assignment, Class, EventClasses, MasterRequest, RequestTooLong, Selection,
};
pub use object::{AttributeValue, Bits, Object, Objects};
pub use point::{Point, Points};
pub use qualifier::{Prefix, Qualifier, RangeForm, Width};
pub use reading::Reading;
pub use response_writer::{ResponseWriter, WriteError};
pub use status::CommandStatus;
pub use table::{Description, Group};
pub use time::{CommonTime, PointTime, TimeQuality, Timestamp};
pub use value::{DoubleBit, Value};
pub use variation::Variation;

//! Group 0: what a device says of itself.

use super::{ANY_VARIATION, Group, Row, row};
use crate::app::{Layout, Role};

pub(super) const GROUPS: &[Group] = &[Group::new(
    0,
    "device attribute",
    Role::Attribute,
    ROWS.split_at(1).1,
)];

/// Asks for all attributes; only requests use it.
const ALL: u8 = 254;

/// The number of the variation is the attribute; there is no attribute 0.
const ROWS: &[Row] = &{
    let mut rows = [ANY_VARIATION; 256];
    let mut number: u8 = 0;
    let mut names = NAMES;
    while number < u8::MAX {
        number += 1;
        let mut name = "device-specific attribute";
        if let [(named, its_name), others @ ..] = names
            && *named == number
        {
            name = *its_name;
            names = others;
        }
        let layout = if number == ALL {
            Layout::HeaderOnly
        } else {
            Layout::Attribute
        };
        rows[number as usize] = row(number, name, layout);
    }
    rows
};

/// The attributes that IEEE 1815-2012, Annex A gives a meaning, ascending.
const NAMES: &[(u8, &str)] = &[
    (196, "configuration id"),
    (197, "configuration version"),
    (198, "configuration build date"),
    (199, "configuration last change date"),
    (200, "configuration digest"),
    (201, "configuration digest algorithm"),
    (202, "master resource id"),
    (203, "device altitude"),
    (204, "device longitude"),
    (205, "device latitude"),
    (206, "secondary operator name"),
    (207, "primary operator name"),
    (208, "system name"),
    (209, "secure authentication version"),
    (210, "security statistics per association"),
    (211, "support for user-specific attributes"),
    (212, "data set prototypes defined by master"),
    (213, "data set prototypes defined by outstation"),
    (214, "data sets defined by master"),
    (215, "data sets defined by outstation"),
    (216, "binary outputs per request"),
    (217, "local timing accuracy"),
    (218, "duration of timing accuracy"),
    (219, "support for analog output events"),
    (220, "analog output index max"),
    (221, "analog outputs"),
    (222, "support for binary output events"),
    (223, "binary output index max"),
    (224, "binary outputs"),
    (225, "support for frozen counter events"),
    (226, "support for frozen counters"),
    (227, "support for counter events"),
    (228, "counter index max"),
    (229, "counters"),
    (230, "support for frozen analog inputs"),
    (231, "support for analog input events"),
    (232, "analog input index max"),
    (233, "analog inputs"),
    (234, "support for double-bit events"),
    (235, "double-bit index max"),
    (236, "double-bit inputs"),
    (237, "support for binary input events"),
    (238, "binary input index max"),
    (239, "binary inputs"),
    (240, "transmit fragment size max"),
    (241, "receive fragment size max"),
    (242, "software version"),
    (243, "hardware version"),
    (244, "owner name"),
    (245, "location name"),
    (246, "id code"),
    (247, "device name"),
    (248, "serial number"),
    (249, "DNP3 subset and conformance"),
    (250, "product name and model"),
    (252, "manufacturer name"),
    (254, "all attributes"),
    (255, "list of attribute variations"),
];

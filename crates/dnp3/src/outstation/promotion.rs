//! What a variation must give way to when a point is not as its objects take for granted.

use super::PointKind;
use crate::app::{FlagSet, Flags, Variation};

/// The variation in which a point of `kind` with `flags` is told instead of `variation`: objects
/// without flags mean ONLINE and nothing else (IEEE 1815-2012, clause 11), so others need the
/// variation of the same width that has flags.
pub(super) fn promoted(kind: PointKind, variation: Variation, flags: Flags) -> Variation {
    let is_plain = flags.quality(kind.kind().flag_set()) == Flags::ONLINE.raw();
    let has_flags = variation
        .describe()
        .is_some_and(|description| description.flag_set() != FlagSet::None);
    if is_plain || has_flags {
        return variation;
    }
    let number = match (variation.group, variation.number) {
        (1 | 3 | 10, 1) => 2,
        (20, 5) | (21, 9) | (30, 3) | (31, 5) => 1,
        (20, 6) | (21, 10) | (30, 4) | (31, 6) => 2,
        (_, number) => number,
    };
    Variation::new(variation.group, number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Group;

    #[test]
    fn every_variation_without_flags_has_one_with_flags() {
        for kind in PointKind::ALL {
            if kind == PointKind::OctetString {
                continue;
            }
            let group = Group::find(kind.static_group()).unwrap();
            for description in group.variations() {
                if description.kind().is_none() {
                    continue;
                }
                let variation = description.variation();
                let of = |flags| promoted(kind, variation, Flags::new(flags));
                assert_eq!(of(0x01), variation);
                let bad = of(0x05).describe().unwrap();
                assert_eq!(bad.kind(), Some(kind.kind()), "{variation}");
                assert_ne!(bad.flag_set(), FlagSet::None, "{variation}");
            }
        }
    }

    #[test]
    fn a_state_is_no_reason() {
        let packed = Variation::new(3, 1);
        let double = |flags| promoted(PointKind::DoubleBitInput, packed, Flags::new(flags));
        assert_eq!(double(0xc1), packed);
        assert_eq!(double(0xc0), Variation::new(3, 2));
    }
}

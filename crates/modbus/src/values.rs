//! The values of an answer, kept as long as they are decoded.

use crate::answer::Packed;
use crate::{Answer, Request};

/// Registers that an answer has at most: two bytes each, and no more than 251 bytes of values fit
/// behind function and byte count into a PDU of 253 bytes (V1.1b3, 4.1 and 6.3).
const REGISTERS_MAX: usize = 125;
/// Bytes of bits that an answer has at most, for the same reason.
const BIT_BYTES_MAX: usize = 251;

/// What stands for a register that was not read. It must never become a value; should it, then
/// as a number this is the one that most devices send for "not there".
const MISSING: u16 = 0x8000;

/// The registers or bits that were read with one request.
///
/// They are held in place, not on the heap: an answer has some 250 bytes at most, is decoded at
/// once, and costs neither an allocation nor a buffer that waits for the next one.
#[derive(Clone, Debug)]
pub struct Values {
    kept: Kept,
    count: usize,
}

#[derive(Clone, Debug)]
enum Kept {
    Registers([u16; REGISTERS_MAX]),
    Bits([u8; BIT_BYTES_MAX]),
}

impl Values {
    /// Values for all of `request` of which nothing was read yet.
    pub fn missing(request: &Request) -> Self {
        let is_bits = request.table().is_bits();
        let (kept, most) = if is_bits {
            (Kept::Bits([0; BIT_BYTES_MAX]), 8 * BIT_BYTES_MAX)
        } else {
            (Kept::Registers([MISSING; REGISTERS_MAX]), REGISTERS_MAX)
        };
        let count = usize::from(request.count()).min(most);
        Self { kept, count }
    }

    /// Registers as they are on the wire; more than an answer has are left out.
    pub(crate) fn of_registers(wire: &[[u8; 2]]) -> Self {
        let mut words = [0; REGISTERS_MAX];
        for (word, bytes) in words.iter_mut().zip(wire) {
            *word = u16::from_be_bytes(*bytes);
        }
        Self {
            kept: Kept::Registers(words),
            count: wire.len().min(REGISTERS_MAX),
        }
    }

    /// `count` bits as they are on the wire; more than an answer has are left out.
    pub(crate) fn of_bits(wire: &[u8], count: usize) -> Self {
        let mut bytes = [0; BIT_BYTES_MAX];
        for (place, byte) in bytes.iter_mut().zip(wire) {
            *place = *byte;
        }
        Self {
            kept: Kept::Bits(bytes),
            count: count.min(8 * wire.len().min(BIT_BYTES_MAX)),
        }
    }

    /// Keeps `part`, which was read `offset` behind the first address; what of it lies past the
    /// end, or is of the other kind, is left out.
    pub fn keep(&mut self, offset: u32, part: &Self) {
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let places = from..self.count;
        match (&mut self.kept, part.answer_bits()) {
            (Kept::Registers(all), None) => {
                let words = part.registers().unwrap_or_default();
                let all = all.get_mut(places).unwrap_or_default();
                all.iter_mut().zip(words).for_each(|(to, word)| *to = *word);
            }
            (Kept::Bits(all), Some(bits)) => {
                for (at, bit) in places.zip((0..).map_while(|at| bits.get(at))) {
                    let mask = 1 << (at % 8);
                    let byte = &mut all[at / 8];
                    *byte = if bit { *byte | mask } else { *byte & !mask };
                }
            }
            (Kept::Registers(_) | Kept::Bits(_), _) => {}
        }
    }

    /// What is decoded of them.
    pub fn answer(&self) -> Answer<'_> {
        match self.answer_bits() {
            Some(bits) => Answer::packed(bits),
            None => Answer::registers(self.registers().unwrap_or_default()),
        }
    }

    /// The registers; `None` if they are bits.
    pub fn registers(&self) -> Option<&[u16]> {
        match &self.kept {
            Kept::Registers(words) => words.get(..self.count),
            Kept::Bits(_) => None,
        }
    }

    /// The bits; `None` if they are registers.
    pub fn bits(&self) -> Option<impl Iterator<Item = bool>> {
        let bits = self.answer_bits()?;
        Some((0..self.count).map_while(move |at| bits.get(at)))
    }

    fn answer_bits(&self) -> Option<Packed<'_>> {
        match &self.kept {
            Kept::Registers(_) => None,
            Kept::Bits(bytes) => Some(Packed {
                bytes,
                count: self.count,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use gridos_model::{Batch, DirectoryBuilder, Point, Readings, TimeQuality, Timestamp};
    use proptest::prelude::*;

    use super::*;
    use crate::{Kind, Plan, PlanLimits, RegisterPoint, Table};

    /// The request that reads `count` registers or bits of `table` from address 10 on.
    fn request(table: Table, count: u16) -> Arc<Request> {
        let kind = if table.is_bits() {
            Kind::Bool
        } else {
            Kind::U16
        };
        let point = |at| RegisterPoint::new(&format!("p{at}"), table, at, kind);
        let points = (10..10 + count).map(point).collect();
        let plan = Plan::new(points, &PlanLimits::default()).unwrap();
        Arc::clone(&plan.requests()[0])
    }

    fn packed(bits: &[bool]) -> Vec<u8> {
        let byte = |eight: &[bool]| {
            let bits = eight.iter().enumerate();
            bits.map(|(at, bit)| u8::from(*bit) << at).sum()
        };
        bits.chunks(8).map(byte).collect()
    }

    fn swept(request: &Request, answer: Answer<'_>) -> Vec<f64> {
        let points: Vec<_> = (0..request.count())
            .map(|at| Point::new(&format!("p{at}"), ""))
            .collect();
        let all = 0..points.len();
        let mut builder = DirectoryBuilder::default();
        let index = builder.add("d", points, &[all]).unwrap();
        let directory = builder.build();
        let mut batch = Batch::default();
        let layout = Arc::clone(&directory.device(index).groups()[0]);
        let epoch = Timestamp::EPOCH;
        batch.start_sweep(&layout, epoch, TimeQuality::None, epoch);
        request
            .decode(answer, &crate::exponent::Exponents::default(), &mut batch)
            .unwrap();
        let Some(Readings::Sweep(sweep)) = batch.readings() else {
            panic!("no sweep");
        };
        sweep.values.to_vec()
    }

    proptest! {
        #[test]
        fn bits_are_decoded_as_the_wire_has_them(bits in prop::collection::vec(any::<bool>(), 1..200)) {
            let request = request(Table::Coil, u16::try_from(bits.len()).unwrap());
            let values = Values::of_bits(&packed(&bits), bits.len());
            prop_assert_eq!(values.bits().unwrap().collect::<Vec<_>>(), bits.clone());
            let plain = swept(&request, Answer::bits(&bits));
            prop_assert_eq!(swept(&request, values.answer()), plain);
        }

        #[test]
        fn parts_are_kept_where_they_belong(
            bits in prop::collection::vec(any::<bool>(), 1..100),
            offset in 0_u16..120,
        ) {
            let mut all = vec![false; 100];
            let mut kept = Values::missing(&request(Table::DiscreteInput, 100));
            // Over all ones, so that zeros are kept as well.
            kept.keep(0, &Values::of_bits(&[0xff; 13], 100));
            all.fill(true);
            kept.keep(offset.into(), &Values::of_bits(&packed(&bits), bits.len()));
            let places = all.get_mut(usize::from(offset)..).unwrap_or_default();
            places.iter_mut().zip(&bits).for_each(|(to, bit)| *to = *bit);
            prop_assert_eq!(kept.bits().unwrap().collect::<Vec<_>>(), all);
        }
    }

    #[test]
    fn what_was_not_read_is_missing() {
        let mut kept = Values::missing(&request(Table::HoldingRegister, 5));
        kept.keep(1, &Values::of_registers(&[[0, 1], [2, 3]]));
        kept.keep(4, &Values::of_registers(&[[4, 5], [6, 7]]));
        kept.keep(9, &Values::of_registers(&[[8, 9]]));
        kept.keep(0, &Values::of_bits(&[1], 1));
        assert_eq!(
            kept.registers().unwrap(),
            [MISSING, 1, 0x203, MISSING, 0x405]
        );
        assert!(kept.bits().is_none());
    }
}

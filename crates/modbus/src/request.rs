//! One request of a plan, and how its answer becomes columns.

use std::ops::Range;
use std::time::Instant;

use gridos_model::{Batch, Quality, Timestamp};

use crate::answer::Data;
use crate::decode::{Decoder, Masked};
use crate::exponent::{Exponents, Told};
use crate::text::{TextPlace, ToldText, text_bytes};
use crate::{Answer, Clock, Memory, Report, Stamp, Table};

/// One read request and the points its answer holds.
///
/// Its points are those that are told with every answer, as a sweep, behind them those that are told
/// by exception, as events, and last its texts; any of the three may be missing.
#[derive(Clone, Debug)]
pub struct Request {
    pub(crate) table: Table,
    pub(crate) start: u16,
    pub(crate) count: u16,
    pub(crate) scan: usize,
    pub(crate) points: Range<usize>,
    /// How many of the points, the first ones, are told with every answer.
    pub(crate) swept: usize,
    pub(crate) sweep: Decoder,
    pub(crate) reported: Decoder,
    pub(crate) reports: Box<[Report]>,
    /// How many points of the requests before this one are told by exception.
    pub(crate) first_reported: usize,
    /// Where its texts lie, which are its last points.
    pub(crate) texts: Box<[TextPlace]>,
    /// How many texts the requests before this one have.
    pub(crate) first_text: usize,
    /// The exponents that its answers tell.
    pub(crate) told: Box<[Told]>,
    /// How many exponents the map has.
    pub(crate) exponents: usize,
    pub(crate) clock: Option<Clock>,
}

/// The answer is not the one to this request; nothing was decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Another number of registers or bits than was asked for.
    #[error("asked for {asked} of {table} from address {start}, the answer has {answered}")]
    Count {
        /// The table asked.
        table: Table,
        /// The first address asked for.
        start: u16,
        /// How many were asked for.
        asked: u16,
        /// How many came.
        answered: usize,
    },
    /// Bits for a request of registers, or the reverse.
    #[error("the answer does not fit the table {table}")]
    Table {
        /// The table asked.
        table: Table,
    },
}

impl Request {
    /// The table to read.
    pub fn table(&self) -> Table {
        self.table
    }

    /// The first address, as sent on the wire.
    pub fn start(&self) -> u16 {
        self.start
    }

    /// How many registers (at most 125) or bits (at most 2,000) to read.
    pub fn count(&self) -> u16 {
        self.count
    }

    /// The scan class it belongs to.
    pub fn scan(&self) -> usize {
        self.scan
    }

    /// Which of the plan's points it reads.
    pub fn points(&self) -> Range<usize> {
        self.points.clone()
    }

    /// Which of the plan's points are told with every answer, as a sweep: the first ones of
    /// [`Request::points`], maybe none.
    pub fn sweep_points(&self) -> Range<usize> {
        self.points.start..self.points.start + self.swept
    }

    /// Which of the plan's points are told by exception, as events: those behind
    /// [`Request::sweep_points`], usually none.
    pub fn reported_points(&self) -> Range<usize> {
        self.points.start + self.swept..self.text_points().start
    }

    /// Which of the plan's points are texts, told when they change: the last ones of
    /// [`Request::points`], usually none.
    pub fn text_points(&self) -> Range<usize> {
        self.points.end - self.texts.len()..self.points.end
    }

    /// The addresses of the device's clock, if its answers hold one.
    pub fn clock_addresses(&self) -> Option<Range<u32>> {
        let clock = self.clock.as_ref()?;
        Some(u32::from(clock.address)..clock.end())
    }

    /// Whether its answers hold the time of their values.
    pub fn has_clock(&self) -> bool {
        self.clock.is_some()
    }

    /// When the values of `answer` were true, which the engine polled at `polled` by its clock.
    ///
    /// An answer that does not fit has the engine's time; decoding it says what is wrong.
    pub fn stamp(&self, answer: Answer<'_>, polled: Timestamp) -> Stamp {
        let (Some(clock), Data::Registers(words)) = (&self.clock, answer.data) else {
            return Stamp::of_engine(polled);
        };
        let at = usize::from(clock.address - self.start);
        clock.stamp(words.get(at..).unwrap_or_default(), polled)
    }

    /// Pushes one value per swept point onto `batch`, which must be a started sweep of these
    /// points, and notes the exponents that the answer tells.
    ///
    /// # Errors
    /// If `answer` is not exactly what was asked for; then nothing is pushed or noted.
    pub fn sweep(
        &self,
        answer: Answer<'_>,
        memory: &mut Memory,
        batch: &mut Batch,
    ) -> Result<(), DecodeError> {
        self.check(answer)?;
        self.learn(answer, &memory.refused, &mut memory.exponents);
        if memory.refused.is_empty() {
            self.sweep.decode(answer, &memory.exponents, batch);
        } else {
            let mut sink = Masked::new(batch, &memory.refused, self.points.start);
            self.sweep.decode(answer, &memory.exponents, &mut sink);
        }
        Ok(())
    }

    /// Pushes the reported points that are due at `now` as events onto `batch`, which must be
    /// started events of the device's whole layout, and remembers them as told.
    ///
    /// If the engine then does not take the batch, the caller must [`Request::forget`].
    ///
    /// # Errors
    /// If `answer` is not exactly what was asked for; then nothing is pushed or remembered.
    pub fn report(
        &self,
        answer: Answer<'_>,
        memory: &mut Memory,
        stamp: &Stamp,
        now: Instant,
        batch: &mut Batch,
    ) -> Result<(), DecodeError> {
        self.check(answer)?;
        memory.decoded.clear();
        let first = self.points.start + self.swept;
        self.learn(answer, &memory.refused, &mut memory.exponents);
        let mut sink = Masked::new(&mut memory.decoded, &memory.refused, first);
        self.reported.decode(answer, &memory.exponents, &mut sink);
        let places = (self.first_reported, first);
        memory.tell(&self.reports, places, stamp, now, batch);
        Ok(())
    }

    /// Forgets the exponents that its answers tell: what is not read is not known, and values of
    /// other requests that take their power of ten from it have none until it answers again.
    pub fn forget_exponents(&self, memory: &mut Memory) {
        let exponents = &mut memory.exponents;
        self.told.iter().for_each(|told| told.learn(&[], exponents));
    }

    /// Forgets what was reported of its points, but for texts: the next answer tells them all.
    pub fn forget(&self, memory: &mut Memory) {
        memory.forget(self.first_reported, self.reports.len());
    }

    /// Whether `answer` holds a text that was not told yet, or another one than was.
    ///
    /// # Errors
    /// If `answer` is not exactly what was asked for.
    pub fn has_new_text(
        &self,
        answer: Answer<'_>,
        memory: &Memory,
        stamp: &Stamp,
    ) -> Result<bool, DecodeError> {
        self.check(answer)?;
        let news = |(nth, words, quality)| self.is_news(memory, nth, words, quality);
        Ok(self.text_words(answer, &memory.refused, stamp).any(news))
    }

    /// Pushes the texts that are news onto `batch`, which must be started texts of the device's
    /// whole layout, and remembers them as told. A text that the device refuses is empty and
    /// flagged [`Quality::DEVICE_ERROR`].
    ///
    /// If the engine then does not take the batch, the caller must [`Request::forget_texts`].
    ///
    /// # Errors
    /// If `answer` is not exactly what was asked for; then nothing is pushed or remembered.
    pub fn tell_texts(
        &self,
        answer: Answer<'_>,
        memory: &mut Memory,
        stamp: &Stamp,
        batch: &mut Batch,
    ) -> Result<(), DecodeError> {
        self.check(answer)?;
        let refused = std::mem::take(&mut memory.refused);
        for (nth, words, quality) in self.text_words(answer, &refused, stamp) {
            if !self.is_news(memory, nth, words, quality) {
                continue;
            }
            let text = text_bytes(words, self.texts[nth].order);
            let position = u32::try_from(self.text_points().start + nth);
            let pushed = position.is_ok_and(|at| batch.push_text(at, stamp.time, text, quality));
            if pushed && let Some(told) = memory.texts.get_mut(self.first_text + nth) {
                *told = Some(ToldText::new(words, quality));
            }
        }
        memory.refused = refused;
        Ok(())
    }

    /// Forgets what was told of its texts: the next answer tells them all.
    pub fn forget_texts(&self, memory: &mut Memory) {
        let told = memory.texts.iter_mut().skip(self.first_text);
        told.take(self.texts.len()).for_each(|told| *told = None);
    }

    /// Each text by its place among the texts, its words and what is known against it.
    fn text_words<'a>(
        &'a self,
        answer: Answer<'a>,
        refused: &'a [usize],
        stamp: &Stamp,
    ) -> impl Iterator<Item = (usize, &'a [u16], Quality)> {
        let words = match answer.data {
            Data::Registers(words) => words,
            Data::Bits(_) | Data::Packed(_) => &[],
        };
        let (first, flags) = (self.text_points().start, stamp.event_flags());
        self.texts.iter().enumerate().map(move |(nth, place)| {
            if refused.binary_search(&(first + nth)).is_ok() {
                (nth, &[][..], flags | Quality::DEVICE_ERROR)
            } else {
                (nth, place.own(words), flags)
            }
        })
    }

    fn is_news(&self, memory: &Memory, nth: usize, words: &[u16], quality: Quality) -> bool {
        let told = memory.texts.get(self.first_text + nth);
        let Some(Some(told)) = told else { return true };
        let order = self.texts[nth].order;
        !told.is_same(words, order, quality)
    }

    /// Pushes one value per point that is no text onto `batch`, which must be a started sweep of
    /// these points, with nothing remembered: exponents that this answer does not tell are not known,
    /// and nothing is held back.
    ///
    /// # Errors
    /// If `words` is not exactly what was asked for; then nothing is pushed.
    pub fn decode_registers(&self, words: &[u16], batch: &mut Batch) -> Result<(), DecodeError> {
        let mut exponents = Exponents::unknown(self.exponents);
        self.learn(Answer::registers(words), &[], &mut exponents);
        self.decode(Answer::registers(words), &exponents, batch)
    }

    /// Pushes one value per point onto `batch`, which must be a started sweep of all
    /// [`Request::points`]; in bits there are no texts.
    ///
    /// # Errors
    /// If `bits` is not exactly what was asked for; then nothing is pushed.
    pub fn decode_bits(&self, bits: &[bool], batch: &mut Batch) -> Result<(), DecodeError> {
        self.decode(Answer::bits(bits), &Exponents::default(), batch)
    }

    /// Pushes one value per point that is no text, with what is known of `exponents`.
    pub(crate) fn decode(
        &self,
        answer: Answer<'_>,
        exponents: &Exponents,
        batch: &mut Batch,
    ) -> Result<(), DecodeError> {
        self.check(answer)?;
        self.sweep.decode(answer, exponents, batch);
        self.reported.decode(answer, exponents, batch);
        Ok(())
    }

    fn learn(&self, answer: Answer<'_>, refused: &[usize], exponents: &mut Exponents) {
        if let Data::Registers(words) = answer.data {
            for told in &self.told {
                let is_refused = refused.binary_search(&told.position).is_ok();
                told.learn(if is_refused { &[] } else { words }, exponents);
            }
        }
    }

    fn check(&self, answer: Answer<'_>) -> Result<(), DecodeError> {
        if self.table.is_bits() != answer.data.is_bits() {
            return Err(DecodeError::Table { table: self.table });
        }
        let answered = answer.data.len();
        if usize::from(self.count) != answered {
            return Err(DecodeError::Count {
                table: self.table,
                start: self.start,
                asked: self.count,
                answered,
            });
        }
        Ok(())
    }
}

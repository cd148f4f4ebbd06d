//! How often each point is read, to tell a value that is slow from one that is stale.

use std::time::Duration;

use gridos_model::{Directory, PointIndex};

/// The period of every polled point.
#[derive(Debug, Default)]
pub struct PeriodBook {
    /// By the point's index; 0: nobody polls it.
    milliseconds: Box<[u32]>,
}

impl PeriodBook {
    /// The book of `periods`; points that `directory` does not have are left out.
    pub fn new(
        directory: &Directory,
        periods: impl IntoIterator<Item = (PointIndex, Duration)>,
    ) -> Self {
        let mut milliseconds = vec![0; directory.point_count()];
        for (index, period) in periods {
            if let Some(place) = milliseconds.get_mut(index.get()) {
                // Beyond 49 days a longer period makes no difference.
                *place = u32::try_from(period.as_millis()).unwrap_or(u32::MAX).max(1);
            }
        }
        Self {
            milliseconds: milliseconds.into(),
        }
    }

    /// The period of the point at `index`; `None` if nobody polls it.
    pub fn get(&self, index: PointIndex) -> Option<Duration> {
        let milliseconds = *self.milliseconds.get(index.get())?;
        (milliseconds > 0).then(|| Duration::from_millis(milliseconds.into()))
    }
}

#[cfg(test)]
mod tests {
    use gridos_model::{DirectoryBuilder, Point};

    use super::*;

    #[test]
    fn a_point_without_a_period_has_none() {
        let points = ["a", "b", "c"].map(|name| Point::new(name, "")).into();
        let mut builder = DirectoryBuilder::default();
        builder.add("d", points, &[]).unwrap();
        let at = PointIndex::new;
        let (short, long) = (Duration::from_micros(1), Duration::from_secs(60));
        let periods = [(at(1), short), (at(2), long), (at(3), long)];
        let book = PeriodBook::new(&builder.build(), periods);
        let millisecond = Duration::from_millis(1);
        let found = [0, 1, 2, 3].map(|index| book.get(at(index)));
        assert_eq!(found, [None, Some(millisecond), Some(long), None]);
    }
}

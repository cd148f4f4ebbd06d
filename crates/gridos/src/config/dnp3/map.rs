//! A profile of `protocol = "dnp3"`: what its outstations' points are, and how they are treated.

use std::sync::Arc;

use gridos_collect::dnp3::{MappedPoint, PointMap};
use gridos_model::POINTS_PER_LAYOUT_MAX;

use super::super::alarm::{self, AlarmsByPosition};
use super::super::belonging::{self, Owner};
use super::super::names::Names;
use super::super::profile::{self, ListedPoint, ProfileAlarms, StatesByPosition};
use super::super::section::Section;
use super::point::{self, OutstationPoint, Taken};
use super::treatment::Treatment;

/// The points of a profile of outstations, mapped once for all its devices.
#[derive(Clone, Debug)]
pub struct OutstationMap {
    /// The points in the order of the columns.
    pub points: Vec<ListedPoint>,
    /// Which point of the outstation each one is.
    pub map: Arc<PointMap>,
    /// The alarms by position.
    pub alarms: AlarmsByPosition,
    /// What the numbers of points are called, by position, ascending.
    pub states: StatesByPosition,
    /// How the outstations are treated.
    pub treatment: Treatment,
}

impl OutstationMap {
    pub(in super::super) fn read(
        section: &Section<'_>,
        alarms: &mut ProfileAlarms,
    ) -> Option<Self> {
        let treatment = Treatment::read(section);
        let (mut names, mut taken) = (Names::default(), Taken::default());
        let mut points: Vec<OutstationPoint> = Vec::new();
        let title = section.title();
        for mut entry in profile::point_sections(section) {
            belonging::refuse_of_point(&entry, Owner::Dnp3);
            points.extend(point::read(&mut entry, title, &mut names, &mut taken));
            if points.len() > POINTS_PER_LAYOUT_MAX {
                let what = format!("has more than {POINTS_PER_LAYOUT_MAX} points; make it two");
                section.report(what);
                return None;
            }
        }
        let mapped: Vec<MappedPoint> = points.iter().map(|point| point.mapped).collect();
        // What is wrong with a single point was reported at its line.
        let map = PointMap::new(mapped).ok()?;
        let placed = || points.iter().enumerate();
        let of_points = placed().map(|(at, point)| (at, alarms.of(&point.common)));
        let alarms = alarm::by_position(of_points);
        let states = placed().filter_map(|(at, point)| Some((at, point.states.clone()?)));
        Some(Self {
            alarms,
            states: states.collect(),
            map: Arc::new(map),
            points: points.into_iter().map(listed).collect(),
            treatment: treatment?,
        })
    }

    /// Why the point called `name` cannot be scaled by a device, if it cannot.
    pub(in super::super) fn refuses_scale(&self, name: &str) -> Option<&'static str> {
        let mut points = self.points.iter();
        let position = points.position(|point| point.name.as_str() == name)?;
        let has_states = self.states.iter().any(|(at, _)| *at == position);
        has_states.then_some("cannot stand beside the states of the profile's point; remove it")
    }

    /// Batches that one integrity poll may become: one for each group, and the events beside.
    pub fn integrity_batches(&self) -> usize {
        self.map.groups().len() + 1
    }
}

fn listed(point: OutstationPoint) -> ListedPoint {
    ListedPoint {
        is_text: point.mapped.is_text(),
        name: point.common.name.value,
        unit: point.common.unit,
    }
}

//! A file of alarms alone: `[alarm."feeder-07.voltage_ab:limit"]`, in the place of the configured ones.

use std::sync::Arc;

use gridos_alarm::Definition;
use gridos_model::{AlarmKind, PointRef};
use toml::de::DeTable;

use super::super::fault::{FaultLog, Faults};
use super::super::fleet::Fleet;
use super::super::nearest::suggestion;
use super::super::section::Section;
use super::super::source::Source;
use super::entry::{self, Entry};
use super::{behaviour, link};

const ROOT: &[&str] = &["alarm"];

/// Whether `text` is a whole configuration rather than a file of alarms alone.
pub fn has_profiles(text: &str) -> bool {
    DeTable::parse(text).is_ok_and(|table| table.get_ref().contains_key("profile"))
}

impl Fleet {
    /// Gives alarms the definitions of `text`, the file called `file`: a table for each, under the
    /// alarm's name. Alarms that are not there yet are added. Returns how many tables there are.
    ///
    /// # Errors
    /// Everything that is wrong, with its place; the fleet is then partly changed.
    pub fn redefine(&mut self, text: &str, file: &str) -> Result<usize, Faults> {
        let faults = FaultLog::default();
        let source = Source::new(file, text);
        let count = source.parse(text, &faults).map(|table| {
            let root = Section::root(table.get_ref(), ROOT, &source, &faults);
            let alarms = root.section("alarm", &[], &[]);
            if !alarms.is_given() {
                let example = "[alarm.\"feeder-07.voltage_ab:limit\"]";
                alarms.report(format_args!("there is none; write for example {example}"));
            }
            let names = alarms.names();
            names
                .iter()
                .for_each(|name| self.redefine_one(&alarms, name.value));
            names.len()
        });
        faults.judge(count, &source.whole())
    }

    fn redefine_one(&mut self, alarms: &Section<'_>, name: &str) {
        let Some((owner, kind)) = name.rsplit_once(':') else {
            let what = "is no name of an alarm; write it as \"device.point:kind\"";
            return alarms.fault(name, what);
        };
        let Some(kind) = AlarmKind::of_name(kind) else {
            let kinds = AlarmKind::ALL.map(AlarmKind::name);
            let what = format!("'{kind}' is no kind of alarm{}", suggestion(kind, kinds));
            return alarms.fault(name, what);
        };
        let done = if kind == AlarmKind::Link {
            self.redefine_link(alarms, name, owner)
        } else {
            self.redefine_point(alarms, name, owner, kind)
        };
        if let Err(what) = done {
            alarms.fault(name, what);
        }
    }

    fn redefine_link(
        &mut self,
        alarms: &Section<'_>,
        name: &str,
        owner: &str,
    ) -> Result<(), String> {
        let index = self.directory.find_device(owner);
        let index = index.ok_or_else(|| self.no_device(owner))?;
        let device = self.devices.get_mut(index.get());
        let title = format!("alarm '{name}'");
        let section = alarms.table(name, link::KEYS, title);
        let definition = section.map(|own| behaviour::amended(&own, link::default()));
        if let (Some(device), Some(definition)) = (device, definition) {
            device.link_alarm = Some(Arc::new(definition));
        }
        Ok(())
    }

    fn redefine_point(
        &mut self,
        alarms: &Section<'_>,
        name: &str,
        owner: &str,
        kind: AlarmKind,
    ) -> Result<(), String> {
        let point = self.find_number(owner)?;
        let position = usize::try_from(point.position).unwrap_or(usize::MAX);
        let Some(device) = self.devices.get_mut(point.device.get()) else {
            return Ok(());
        };
        let states = device.states.iter().find(|(at, _)| *at == position);
        let title = format!("alarm '{name}'");
        let section = alarms.table(name, entry::KEYS_BUT_KIND, title);
        let entry =
            section.and_then(|own| entry::read_of_kind(&own, kind, states.map(|(_, texts)| texts)));
        let Some(entry) = entry else { return Ok(()) };
        device.alarms = super::point::replaced(&device.alarms, position, [&entry]);
        self.check_reference(&entry, point)
    }

    fn check_reference(&self, entry: &Entry, point: PointRef) -> Result<(), String> {
        let definition: &Definition = &entry.definition;
        let found = definition.reference(point.device, &self.directory);
        let reference = found.map_err(|name| format!("from '{name}' is no point"))?;
        match reference.and_then(|index| self.directory.locate(index)) {
            Some(other) if other.index == point.index => {
                Err("is measured from the point itself; name another one".to_owned())
            }
            Some(other) => self.check_number(other),
            None => Ok(()),
        }
    }

    fn find_number(&self, name: &str) -> Result<PointRef, String> {
        if let Some(point) = self.directory.find_point(name) {
            return self.check_number(point).map(|()| point);
        }
        let Some((device, point)) = name.rsplit_once('.') else {
            return Err(format!(
                "'{name}' is no point; write it as \"device.point\""
            ));
        };
        let Some(index) = self.directory.find_device(device) else {
            return Err(self.no_device(device));
        };
        let points = self.directory.device(index).whole().points();
        let near = suggestion(point, points.iter().map(|point| point.name()));
        Err(format!("'{point}' is no point of device '{device}'{near}"))
    }

    fn check_number(&self, point: PointRef) -> Result<(), String> {
        let layout = self.directory.device(point.device).whole();
        let position = usize::try_from(point.position).unwrap_or(usize::MAX);
        match layout.points().get(position) {
            Some(found) if found.is_text() => Err(format!(
                "the readings of '{}' are texts, and have no alarms",
                found.name()
            )),
            Some(_) | None => Ok(()),
        }
    }

    fn no_device(&self, name: &str) -> String {
        let names = self.directory.devices().iter().map(|device| device.name());
        format!("'{name}' is no enabled device{}", suggestion(name, names))
    }
}

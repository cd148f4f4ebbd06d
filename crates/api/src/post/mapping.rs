//! Which point a field of a line is about.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use gridos_line::Line;

/// How the name of a point is made of a line's measurement, tags and field.
///
/// Written as a text with places in braces: `{measurement}`, `{field}` and `{tag:NAME}`. The default
/// is `{measurement}.{field}`: the measurement is the device, and the field its point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineMapping(Arc<[Part]>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Measurement,
    Field,
    Tag(String),
}

/// The text is no mapping.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineMappingError {
    /// A brace is not closed, or never opened.
    #[error("the braces do not match; write for example \"{{tag:device}}.{{field}}\"")]
    Braces,
    /// There is no such place.
    #[error("'{{{0}}}' is no place; those are {{measurement}}, {{field}} and {{tag:NAME}}")]
    Unknown(String),
    /// All fields of a line would be one point.
    #[error("{{field}} is missing: all fields of a line would be the same point")]
    NoField,
}

impl Default for LineMapping {
    fn default() -> Self {
        Self([Part::Measurement, Part::Text(".".to_owned()), Part::Field].into())
    }
}

impl FromStr for LineMapping {
    type Err = LineMappingError;

    fn from_str(text: &str) -> Result<Self, LineMappingError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('{') {
            let (place, behind) = behind.split_once('}').ok_or(LineMappingError::Braces)?;
            push_text(&mut parts, before)?;
            parts.push(match place.split_once(':') {
                None if place == "measurement" => Part::Measurement,
                None if place == "field" => Part::Field,
                Some(("tag", name)) if !name.is_empty() => Part::Tag(name.to_owned()),
                None | Some(_) => return Err(LineMappingError::Unknown(place.to_owned())),
            });
            rest = behind;
        }
        push_text(&mut parts, rest)?;
        match parts.contains(&Part::Field) {
            true => Ok(Self(parts.into())),
            false => Err(LineMappingError::NoField),
        }
    }
}

fn push_text(parts: &mut Vec<Part>, text: &str) -> Result<(), LineMappingError> {
    if text.contains('}') {
        return Err(LineMappingError::Braces);
    }
    if !text.is_empty() {
        parts.push(Part::Text(text.to_owned()));
    }
    Ok(())
}

impl LineMapping {
    /// The full name of the point that `field` of `line` is about, or the tag that is missing.
    pub(super) fn point(&self, line: &Line<'_>, field: &str) -> Result<String, &str> {
        // As long as most are.
        let mut point = String::with_capacity(line.measurement.len() + field.len() + 16);
        for part in &*self.0 {
            point.push_str(match part {
                Part::Text(text) => text,
                Part::Measurement => &line.measurement,
                Part::Field => field,
                Part::Tag(name) => {
                    let found = line.tags.iter().find(|(own, _)| own == name);
                    found.map(|(_, value)| &**value).ok_or(&**name)?
                }
            });
        }
        Ok(point)
    }
}

impl fmt::Display for LineMapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            Part::Text(text) => f.write_str(text),
            Part::Measurement => f.write_str("{measurement}"),
            Part::Field => f.write_str("{field}"),
            Part::Tag(name) => write!(f, "{{tag:{name}}}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gridos_line::Lines;

    fn point(mapping: &str, line: &str) -> Result<String, String> {
        let (_, line) = Lines::new(line.as_bytes()).next().unwrap();
        let line = line.unwrap();
        let mapping: LineMapping = mapping.parse().unwrap();
        let point = mapping.point(&line, &line.fields[0].0);
        point.map_err(str::to_owned)
    }

    #[test]
    fn a_point_is_named_by_measurement_tags_and_field() {
        let line = "scada,site=north,bay=f1,host=x ia=1";
        let named = |mapping| point(mapping, line);
        assert_eq!(named("{measurement}.{field}"), Ok("scada.ia".to_owned()));
        assert_eq!(
            named("{tag:site}.{tag:bay}.{field}"),
            Ok("north.f1.ia".to_owned())
        );
        assert_eq!(
            named("a-{tag:bay}.b-{field}-c"),
            Ok("a-f1.b-ia-c".to_owned())
        );
        assert_eq!(named("{tag:device}.{field}"), Err("device".to_owned()));
    }

    #[test]
    fn a_mapping_that_makes_no_sense_is_refused() {
        let error = |text: &str| text.parse::<LineMapping>().unwrap_err();
        assert_eq!(error("{measurement}"), LineMappingError::NoField);
        assert_eq!(error(""), LineMappingError::NoField);
        assert_eq!(error("{field"), LineMappingError::Braces);
        assert_eq!(error("field}{field}"), LineMappingError::Braces);
        for place in ["tag:", "tags", "", "tag"] {
            let unknown = LineMappingError::Unknown(place.to_owned());
            assert_eq!(error(&format!("{{{place}}}{{field}}")), unknown);
        }
    }

    #[test]
    fn a_mapping_is_written_as_it_is_read() {
        assert_eq!(LineMapping::default().to_string(), "{measurement}.{field}");
        let text = "{tag:site}/{tag:bay}.{field}x";
        assert_eq!(text.parse::<LineMapping>().unwrap().to_string(), text);
    }
}

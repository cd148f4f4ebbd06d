//! A condition on what a query answered, in the language that Argo uses (expr).

use expr::{Context, Program, Value};

/// A condition, such as `len(result) == 1 && result[0] >= 0.95`.
#[derive(Clone, Debug)]
pub struct Condition {
    text: String,
    program: Program,
}

impl Condition {
    /// Reads one.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let program = expr::compile(text).map_err(|error| error.to_string())?;
        Ok(Self {
            text: text.to_owned(),
            program,
        })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it holds for the values of an answer, one per series.
    ///
    /// # Errors
    /// Why it has no answer: an index out of range, or what it comes to is neither true nor false.
    pub fn holds(&self, result: &[f64]) -> Result<bool, String> {
        let values = result.iter().map(|value| Value::Float(*value)).collect();
        let mut context = Context::default();
        context.insert("result", Value::Array(values));
        let outcome = expr::run(&self.program, &context).map_err(|error| error.to_string())?;
        outcome
            .as_bool()
            .ok_or_else(|| format!("'{}' is neither true nor false", self.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(text: &str, result: &[f64]) -> Result<bool, String> {
        Condition::parse(text).unwrap().holds(result)
    }

    #[test]
    fn robust_conditions_hold_for_one_number_alone() {
        let robust = "len(result) == 1 && result[0] <= 0.5";
        assert_eq!(holds(robust, &[0.5]), Ok(true));
        assert_eq!(holds(robust, &[0.6]), Ok(false));
        assert_eq!(holds(robust, &[]), Ok(false));
        assert_eq!(holds(robust, &[f64::NAN]), Ok(false));
        assert_eq!(
            holds("len(result) == 1 && result[0] > 0.5", &[f64::NAN]),
            Ok(false)
        );
        assert_eq!(holds(robust, &[0.1, 0.1]), Ok(false));
        assert_eq!(holds("false", &[1.0]), Ok(false));
    }

    #[test]
    fn an_index_out_of_range_is_an_error() {
        assert!(holds("result[0] <= 0.5", &[]).is_err());
        assert!(holds("result[0]", &[1.0]).is_err());
        assert!(Condition::parse("len(result) ==").is_err());
    }
}

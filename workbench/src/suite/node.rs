//! TOML with places: each value knows where it stands in its file, so that what is wrong with it is said there.

use std::{collections::HashSet, ops::Range};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use neovm::Integer;
use toml::de::{DeTable, DeValue};

/// What is wrong in a test file, or with what a test saw, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) message: String,
    /// The place in bytes.
    pub(crate) span: Range<usize>,
    /// What stands beside the place.
    pub(crate) label: String,
    pub(crate) help: Option<String>,
}

pub(crate) type Result<T> = std::result::Result<T, Box<Problem>>;

impl Problem {
    pub(crate) fn new(span: &Range<usize>, message: impl Into<String>) -> Box<Self> {
        Box::new(Self { message: message.into(), span: span.clone(), label: String::new(), help: None })
    }

    pub(crate) fn label(mut self: Box<Self>, label: impl Into<String>) -> Box<Self> {
        self.label = label.into();
        self
    }

    pub(crate) fn help(mut self: Box<Self>, help: Option<String>) -> Box<Self> {
        self.help = help;
        self
    }

    /// The problem as compilers show it, with colours.
    pub(crate) fn render(&self, path: &str, text: &str) -> String {
        let span = self.span.start.min(text.len())..self.span.end.min(text.len());
        let place = AnnotationKind::Primary.span(span);
        let place = if self.label.is_empty() { place } else { place.label(&self.label) };
        let snippet = Snippet::source(text).path(path).annotation(place);
        let group: Group<'_> = Level::ERROR.primary_title(&self.message).element(snippet);
        let group = match &self.help {
            Some(help) => group.element(Level::HELP.message(help)),
            None => group,
        };
        Renderer::styled().render(&[group]) + "\n"
    }
}

/// A name, or what is nearest to it among those that there are.
pub(crate) fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let near = known.into_iter().map(|it| (distance(name, it), it)).min()?;
    (near.0 <= 2 && near.0 < name.len()).then(|| format!("did you mean `{}`?", near.1))
}

/// How many letters must be changed, added or removed.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, letter) in from.chars().enumerate() {
        let mut corner = std::mem::replace(&mut row[0], i + 1);
        for (j, other) in to.iter().enumerate() {
            let changed = corner + usize::from(letter != *other);
            corner = row[j + 1];
            row[j + 1] = changed.min(corner + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}

/// A value and its place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) span: Range<usize>,
    pub(crate) value: Value,
}

#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    Integer(Integer),
    Boolean(bool),
    List(Vec<Node>),
    Table(Vec<(Key, Node)>),
}

/// The key of a table.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) span: Range<usize>,
    pub(crate) name: String,
}

impl Node {
    /// Reads a file.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let table = DeTable::parse(text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            Problem::new(&span, format!("this is not TOML: {}", error.message()))
        })?;
        Self::of_table(table.span(), table.get_ref())
    }

    fn of_table(span: Range<usize>, table: &DeTable<'_>) -> Result<Self> {
        let mut entries = Vec::with_capacity(table.len());
        for (key, value) in table {
            let key = Key { span: key.span(), name: key.get_ref().to_string() };
            entries.push((key, Self::of_value(value.span(), value.get_ref())?));
        }
        // The parser has them in the order of their names.
        entries.sort_by_key(|(key, _)| key.span.start);
        Ok(Self { span, value: Value::Table(entries) })
    }

    fn of_value(span: Range<usize>, value: &DeValue<'_>) -> Result<Self> {
        let value = match value {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Boolean(value) => Value::Boolean(*value),
            DeValue::Integer(number) if number.radix() == 10 => match number.as_str().parse() {
                Ok(number) => Value::Integer(number),
                Err(_) => return Err(Problem::new(&span, "the number has more than 32 bytes")),
            },
            DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => Value::Integer(number.into()),
                Err(_) => return Err(Problem::new(&span, "the number has more than 64 bits")),
            },
            DeValue::Array(values) => {
                let nodes = values.iter().map(|value| Self::of_value(value.span(), value.get_ref()));
                Value::List(nodes.collect::<Result<_>>()?)
            }
            DeValue::Table(table) => return Self::of_table(span, table),
            DeValue::Float(_) => return Err(Problem::new(&span, "contracts have no numbers with a fraction")),
            DeValue::Datetime(_) => {
                return Err(Problem::new(&span, "write a time as a number of milliseconds since 1970"));
            }
        };
        Ok(Self { span, value })
    }

    /// What it is, in a few words that errors show.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            Value::Text(_) => "a text",
            Value::Integer(_) => "a number",
            Value::Boolean(_) => "true or false",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
        }
    }

    fn not(&self, wanted: &str) -> Box<Problem> {
        Problem::new(&self.span, format!("{wanted} is expected, not {}", self.kind()))
    }

    pub(crate) fn text(&self) -> Result<&str> {
        if let Value::Text(text) = &self.value { Ok(text) } else { Err(self.not("a text")) }
    }

    pub(crate) fn list(&self) -> Result<&[Self]> {
        if let Value::List(nodes) = &self.value { Ok(nodes) } else { Err(self.not("a list")) }
    }

    /// A number that is not negative.
    pub(crate) fn number(&self) -> Result<u64> {
        let Value::Integer(number) = &self.value else { return Err(self.not("a number")) };
        number.to_string().parse().map_err(|_| Problem::new(&self.span, "the number is out of range"))
    }

    /// Milliseconds, or a text such as `7d`, `12h`, `90s`.
    pub(crate) fn duration(&self) -> Result<u64> {
        const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
        let Value::Text(text) = &self.value else { return self.number() };
        let digits = text.len() - text.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
        let unit = UNITS.iter().find(|(name, _)| *name == text[digits..].trim());
        let number = text[..digits].parse::<u64>().ok().zip(unit);
        let time = number.and_then(|(number, (_, unit))| number.checked_mul(*unit));
        time.ok_or_else(|| {
            Problem::new(&self.span, format!("{text:?} is no duration"))
                .help(Some("write a number and ms, s, m, h or d: \"7d\"".into()))
        })
    }

    /// The entries of a table.
    pub(crate) fn fields(&self) -> Result<Fields<'_>> {
        let Value::Table(entries) = &self.value else { return Err(self.not("a table")) };
        Ok(Fields { span: &self.span, entries, known: HashSet::new() })
    }
}

/// The entries of a table, which are taken by name. What nobody has taken is a mistake.
pub(crate) struct Fields<'a> {
    pub(crate) span: &'a Range<usize>,
    entries: &'a [(Key, Node)],
    known: HashSet<&'static str>,
}

impl<'a> Fields<'a> {
    pub(crate) fn take(&mut self, name: &'static str) -> Option<&'a Node> {
        self.known.insert(name);
        self.entries.iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
    }

    pub(crate) fn require(&mut self, name: &'static str) -> Result<&'a Node> {
        let span = self.span;
        self.take(name).ok_or_else(|| Problem::new(span, format!("`{name}` is missing here")))
    }

    /// The nodes of a list, or none if it is not there.
    pub(crate) fn list(&mut self, name: &'static str) -> Result<&'a [Node]> {
        self.take(name).map_or(Ok(&[]), Node::list)
    }

    /// Complains about what was not taken.
    pub(crate) fn end(self) -> Result<()> {
        match self.entries.iter().find(|(key, _)| !self.known.contains(key.name.as_str())) {
            None => Ok(()),
            Some((key, _)) => {
                let mut known: Vec<&str> = self.known.iter().copied().collect();
                known.sort_unstable();
                let help = did_you_mean(&key.name, known.iter().copied())
                    .unwrap_or_else(|| format!("known here: {}", known.join(", ")));
                Err(Problem::new(&key.span, format!("there is no `{}` here", key.name)).help(Some(help)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let duration = |text: &str| Node { span: 0..1, value: Value::Text(text.into()) }.duration().ok();
        assert_eq!(duration("7d"), Some(604_800_000));
        assert_eq!(duration("90 s"), Some(90_000));
        assert_eq!(duration("5"), None);
        assert_eq!(duration("d"), None);
        assert_eq!(duration("99999999999999999999d"), None);
        assert_eq!(duration("1ß"), None);
    }

    #[test]
    fn names_that_are_near() {
        let known = ["signers", "result", "events"];
        assert_eq!(did_you_mean("signer", known), Some("did you mean `signers`?".into()));
        assert_eq!(did_you_mean("whatever", known), None);
        assert_eq!(did_you_mean("s", ["x"]), None);
    }
}

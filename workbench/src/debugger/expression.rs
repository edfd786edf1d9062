//! Values that people ask for: a variable or an item of the stack, and what is in it.

use neovm::StackItem;

use super::{Debugger, Frame};

/// Why there is no such value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExpressionError {
    /// There is no variable with this name.
    #[error("there is no {0:?} here: a variable, arg0, local0, static0, stack[0] or result[0]")]
    Unknown(String),
    /// There is nothing at the index.
    #[error("{0} has nothing at {1}")]
    Index(String, String),
    /// It is not of the form `NAME[INDEX]`.
    #[error("{0:?} is not of the form NAME, NAME[INDEX] or NAME[\"KEY\"]")]
    Form(String),
}

impl Debugger<'_> {
    /// Returns a value by its name in a frame: a variable, `stack[0]` for the top of the
    /// evaluation stack, or `result[0]` for the first result once the execution has ended;
    /// followed by indices, as `owners[1]["name"]`. Of bytes, an index is that of a byte.
    ///
    /// # Errors
    /// [`ExpressionError`] if there is none.
    pub fn evaluate(&self, frame: Option<&Frame>, text: &str) -> Result<StackItem, ExpressionError> {
        let text = text.trim();
        let end = text.find('[').unwrap_or(text.len());
        let (root, mut rest) = (text[..end].trim(), &text[end..]);
        let mut name = root.to_owned();
        let list = match root {
            "stack" => frame.map(|frame| frame.context.stack.iter().rev().cloned().collect::<Vec<_>>()),
            "result" => Some(self.execution().vm().results().iter().rev().cloned().collect()),
            _ => None,
        };
        let mut value = match list {
            Some(list) => StackItem::array(list),
            None => {
                let variable = frame.and_then(|frame| self.variable(frame, root));
                variable.ok_or_else(|| ExpressionError::Unknown(root.into()))?.value
            }
        };
        while !rest.is_empty() {
            let form = || ExpressionError::Form(text.into());
            let inner = rest.strip_prefix('[').ok_or_else(form)?;
            let (index, after) = split_index(inner).ok_or_else(form)?;
            value = element(&value, index).ok_or_else(|| ExpressionError::Index(name.clone(), index.into()))?;
            name = format!("{name}[{index}]");
            rest = after.trim_start();
        }
        Ok(value)
    }
}

/// The text up to the bracket that closes, and what follows it.
fn split_index(text: &str) -> Option<(&str, &str)> {
    let end = match text.strip_prefix('"') {
        Some(quoted) => quoted.find('"')? + 2,
        None => text.find(']')?,
    };
    Some((text[..end].trim(), text[end..].trim_start().strip_prefix(']')?))
}

/// What an item holds at an index or under a key.
fn element(item: &StackItem, index: &str) -> Option<StackItem> {
    match item {
        StackItem::Array(array) | StackItem::Struct(array) => array.get(index.parse().ok()?),
        StackItem::Map(map) => map.get(&key(index)?).ok()?,
        _ => item
            .with_bytes(|bytes| bytes.get(index.parse::<usize>().ok()?).copied())
            .ok()?
            .map(|byte| i64::from(byte).into()),
    }
}

/// A key of a map: a text in quotes, bytes in hexadecimal after 0x, true, false or a number.
fn key(text: &str) -> Option<StackItem> {
    if let Some(text) = text.strip_prefix('"') {
        return Some(text.strip_suffix('"')?.into());
    }
    match text {
        "true" => Some(true.into()),
        "false" => Some(false.into()),
        _ => match text.strip_prefix("0x") {
            Some(digits) => Some(hex::decode(digits).ok()?.as_slice().into()),
            None => text.parse::<i64>().ok().map(Into::into),
        },
    }
}

//! Which instructions are shown.

use std::{ops::RangeInclusive, str::FromStr};

use neovm::{Hash160, OpCode, Vm};

use crate::scripts::RunningScript;

/// Chooses instructions by where they are and what they are.
///
/// It is written `KEY=VALUE`: `contract=NAME` or its hash, `method=NAME`,
/// `opcode=NAME`, `depth=2` or `depth=2..5`, `offset=10..40` (in bytes, both ends
/// included). Values of one key are alternatives, and what is asked for by several
/// keys must hold together.
///
/// ```
/// use neovm_workbench::Filter;
///
/// let filter: Filter = ["contract=token", "opcode=SYSCALL", "opcode=CALLT"].iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
/// assert!("opcode=SYSCAL".parse::<Filter>().is_err());
/// # Ok::<(), neovm_workbench::FilterError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Names, and the hashes that they are if they are any.
    contracts: Vec<(String, Option<Hash160>)>,
    methods: Vec<String>,
    opcodes: Vec<OpCode>,
    depths: Vec<RangeInclusive<usize>>,
    offsets: Vec<RangeInclusive<usize>>,
}

/// A text that is no filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// There is no such key.
    #[error("{0:?} is not of the form KEY=VALUE with one of the keys contract, method, opcode, depth and offset")]
    Key(String),
    /// There is no such opcode.
    #[error("there is no opcode {0:?}")]
    OpCode(String),
    /// The value is no range of numbers.
    #[error("{0:?} is neither a number nor a range such as 2..5")]
    Range(String),
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        let unknown = || FilterError::Key(text.into());
        let (key, value) = text.split_once('=').ok_or_else(unknown)?;
        let mut filter = Self::default();
        match key {
            "contract" => filter.contracts.push((value.into(), value.parse().ok())),
            "method" => filter.methods.push(value.into()),
            "opcode" => {
                let opcode = OpCode::from_mnemonic(&value.to_ascii_uppercase());
                filter.opcodes.push(opcode.ok_or_else(|| FilterError::OpCode(value.into()))?);
            }
            "depth" => filter.depths.push(range(value)?),
            "offset" => filter.offsets.push(range(value)?),
            _ => return Err(unknown()),
        }
        Ok(filter)
    }
}

fn range(text: &str) -> Result<RangeInclusive<usize>, FilterError> {
    let number = |text: &str| text.parse::<usize>().ok();
    let range = match text.split_once("..") {
        None => number(text).map(|one| one..=one),
        Some((from, to)) => number(from).zip(number(to)).map(|(from, to)| from..=to),
    };
    range.filter(|range| !range.is_empty()).ok_or_else(|| FilterError::Range(text.into()))
}

impl FromIterator<Filter> for Filter {
    fn from_iter<I: IntoIterator<Item = Filter>>(filters: I) -> Self {
        filters.into_iter().fold(Self::default(), |mut all, one| {
            all.contracts.extend(one.contracts);
            all.methods.extend(one.methods);
            all.opcodes.extend(one.opcodes);
            all.depths.extend(one.depths);
            all.offsets.extend(one.offsets);
            all
        })
    }
}

/// Whether a list asks for nothing, or one of its entries holds.
fn any<T>(list: &[T], holds: impl FnMut(&T) -> bool) -> bool {
    list.is_empty() || list.iter().any(holds)
}

impl Filter {
    pub(super) fn passes(&self, script: &RunningScript, position: usize, vm: &Vm) -> bool {
        any(&self.offsets, |range| range.contains(&position))
            && any(&self.depths, |range| range.contains(&vm.depth()))
            && any(&self.opcodes, |opcode| vm.opcode() == Some(*opcode))
            && any(&self.contracts, |(name, hash)| script.name == *name || *hash == Some(script.hash))
            && any(&self.methods, |wanted| {
                let method = script.functions.at(position).and_then(|(_, method)| method);
                method.is_some_and(|method| method.name == *wanted)
            })
    }
}

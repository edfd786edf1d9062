//! The conditions of witness rules.

use neovm_types::{
    Hash160, PublicKey, StackItem,
    io::{ReadError, Reader, invalid, write_list},
    json::Json,
};

use crate::{
    byte_enum::byte_enum,
    json::{Field, FromJsonError, object},
};

/// What must hold where a witness is asked for, so that a [`WitnessRule`](crate::WitnessRule) applies.
///
/// Sources: `Payloads/Conditions/*.cs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Always or never.
    Boolean(bool),
    /// The condition does not hold.
    Not(Box<Condition>),
    /// All of the conditions hold. There is at least one.
    And(Vec<Condition>),
    /// Any of the conditions holds. There is at least one.
    Or(Vec<Condition>),
    /// The contract that asks has this hash.
    ScriptHash(Hash160),
    /// The contract that asks is in the group with this key.
    Group(PublicKey),
    /// The entry script asks, or a contract that it has called.
    CalledByEntry,
    /// The contract that asks was called by the one with this hash.
    CalledByContract(Hash160),
    /// The contract that asks was called by one in the group with this key.
    CalledByGroup(PublicKey),
}

byte_enum! {
    /// The kind of a [`Condition`].
    enum Kind {
        Boolean = 0x00,
        Not = 0x01,
        And = 0x02,
        Or = 0x03,
        ScriptHash = 0x18,
        Group = 0x19,
        CalledByEntry = 0x20,
        CalledByContract = 0x28,
        CalledByGroup = 0x29,
    }
}

const TOO_DEEP: &str = "is nested deeper than 3 levels";

impl Condition {
    /// The number of levels that conditions may be nested.
    pub const MAX_DEPTH: usize = 3;

    /// The largest number of conditions in [`Condition::And`] and [`Condition::Or`].
    pub const MAX_SUBITEMS: usize = 16;

    fn kind(&self) -> Kind {
        match self {
            Self::Boolean(_) => Kind::Boolean,
            Self::Not(_) => Kind::Not,
            Self::And(_) => Kind::And,
            Self::Or(_) => Kind::Or,
            Self::ScriptHash(_) => Kind::ScriptHash,
            Self::Group(_) => Kind::Group,
            Self::CalledByEntry => Kind::CalledByEntry,
            Self::CalledByContract(_) => Kind::CalledByContract,
            Self::CalledByGroup(_) => Kind::CalledByGroup,
        }
    }

    /// Reads a condition.
    ///
    /// # Errors
    /// [`ReadError`] for the first thing that is wrong, in the reference's order.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, ReadError> {
        Self::read_level(reader, Self::MAX_DEPTH)
    }

    /// Reads a condition of at most `depth` levels.
    fn read_level(reader: &mut Reader<'_>, depth: usize) -> Result<Self, ReadError> {
        let start = reader.offset();
        let Some(below) = depth.checked_sub(1) else {
            return Err(invalid(start, "condition", format_args!("{TOO_DEEP}")));
        };
        let byte = reader.u8("condition's type")?;
        let kind = Kind::from_byte(byte);
        let kind =
            kind.ok_or_else(|| invalid(start, "condition's type", format_args!("is {byte:#04x}, not a known one")))?;
        Ok(match kind {
            Kind::Boolean => Self::Boolean(reader.boolean("condition's value")?),
            Kind::Not => Self::Not(Self::read_level(reader, below)?.into()),
            Kind::And => Self::And(Self::read_list(reader, below)?),
            Kind::Or => Self::Or(Self::read_list(reader, below)?),
            Kind::ScriptHash => Self::ScriptHash(reader.hash160("condition's hash")?),
            Kind::Group => Self::Group(reader.public_key("condition's group")?),
            Kind::CalledByEntry => Self::CalledByEntry,
            Kind::CalledByContract => Self::CalledByContract(reader.hash160("condition's hash")?),
            Kind::CalledByGroup => Self::CalledByGroup(reader.public_key("condition's group")?),
        })
    }

    fn read_list(reader: &mut Reader<'_>, depth: usize) -> Result<Vec<Self>, ReadError> {
        let start = reader.offset();
        let list = reader.list("list of conditions", Self::MAX_SUBITEMS, |reader| Self::read_level(reader, depth))?;
        if list.is_empty() {
            return Err(invalid(start, "list of conditions", format_args!("is empty")));
        }
        Ok(list)
    }

    /// Appends the bytes of the condition.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        bytes.push(self.kind() as u8);
        match self {
            Self::Boolean(value) => bytes.push(u8::from(*value)),
            Self::Not(condition) => condition.write(bytes),
            Self::And(list) | Self::Or(list) => write_list(bytes, list, Self::write),
            Self::ScriptHash(hash) | Self::CalledByContract(hash) => bytes.extend(hash.0),
            Self::Group(key) | Self::CalledByGroup(key) => bytes.extend(key.0),
            Self::CalledByEntry => {}
        }
    }

    /// Returns the condition as contracts see it: an array of the type and what
    /// belongs to it.
    pub fn to_stack_item(&self) -> StackItem {
        let kind = StackItem::from(self.kind() as u8);
        let value: StackItem = match self {
            Self::Boolean(value) => (*value).into(),
            Self::Not(condition) => condition.to_stack_item(),
            Self::And(list) | Self::Or(list) => {
                StackItem::array(list.iter().map(Self::to_stack_item).collect::<Vec<_>>())
            }
            Self::ScriptHash(hash) | Self::CalledByContract(hash) => (*hash).into(),
            Self::Group(key) | Self::CalledByGroup(key) => key.into(),
            Self::CalledByEntry => return StackItem::array([kind]),
        };
        StackItem::array([kind, value])
    }

    /// Returns the JSON form that nodes use.
    pub fn to_json(&self) -> Json {
        let name = self.kind().name();
        let list = |list: &[Self]| list.iter().map(Self::to_json).collect();
        let (key, value) = match self {
            Self::Boolean(value) => ("expression", Json::Bool(*value)),
            Self::Not(condition) => ("expression", condition.to_json()),
            Self::And(conditions) | Self::Or(conditions) => ("expressions", list(conditions)),
            Self::ScriptHash(hash) | Self::CalledByContract(hash) => ("hash", hash.to_string().into()),
            Self::Group(key) | Self::CalledByGroup(key) => ("group", key.to_string().into()),
            Self::CalledByEntry => return object([("type", name.into())]),
        };
        object([("type", name.into()), (key, value)])
    }

    /// Reads the JSON form that nodes use.
    ///
    /// # Errors
    /// [`FromJsonError`] for the first field that is wrong.
    pub fn from_json(json: &Json) -> Result<Self, FromJsonError> {
        Self::from_field(Field { path: "condition".into(), value: json }, Self::MAX_DEPTH)
    }

    pub(crate) fn from_field(field: Field<'_>, depth: usize) -> Result<Self, FromJsonError> {
        let Some(below) = depth.checked_sub(1) else { return Err(FromJsonError::new(field.path, TOO_DEEP)) };
        let json = field.object()?;
        let list = |key| {
            let field = json.required(key)?;
            let list = field.list(Self::MAX_SUBITEMS, |field| Self::from_field(field, below))?;
            if list.is_empty() { Err(FromJsonError::new(field.path, "is empty")) } else { Ok(list) }
        };
        Ok(match json.required("type")?.parse(str::parse)? {
            Kind::Boolean => Self::Boolean(json.required("expression")?.boolean()?),
            Kind::Not => Self::Not(Self::from_field(json.required("expression")?, below)?.into()),
            Kind::And => Self::And(list("expressions")?),
            Kind::Or => Self::Or(list("expressions")?),
            Kind::ScriptHash => Self::ScriptHash(json.required("hash")?.parse(str::parse)?),
            Kind::Group => Self::Group(json.required("group")?.parse(str::parse)?),
            Kind::CalledByEntry => Self::CalledByEntry,
            Kind::CalledByContract => Self::CalledByContract(json.required("hash")?.parse(str::parse)?),
            Kind::CalledByGroup => Self::CalledByGroup(json.required("group")?.parse(str::parse)?),
        })
    }
}

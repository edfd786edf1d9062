//! Values: items as objects of Python, and objects of Python as items.

use std::collections::{HashMap, HashSet};

use neovm::{
    Integer, StackItem,
    types::{item::Map, manifest::ParameterType},
};
use pyo3::{
    IntoPyObjectExt,
    exceptions::{PyOverflowError, PyTypeError, PyValueError},
    prelude::*,
    types::{PyBool, PyByteArray, PyBytes, PyDict, PyInt, PyList, PyMemoryView, PyString, PyTuple},
};

use crate::hash::{UInt160, UInt256};

/// The items that a value may consist of: as many as the machine holds at most.
const MAX_ITEMS: usize = 2048;

/// Items that came out of a machine. Unlike those, they can go to other threads.
///
/// An item that occurs twice is one node, so that cycles and arrays that share their
/// items stay what they are.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    nodes: Vec<Node>,
}

/// The place of an item in its graph.
pub(crate) type NodeId = u32;

#[derive(Debug)]
enum Node {
    Null,
    Boolean(bool),
    Integer(Integer),
    Bytes(Box<[u8]>),
    Pointer(u32),
    Interop,
    Array(Vec<NodeId>),
    Map(Vec<(NodeId, NodeId)>),
}

impl Graph {
    /// Copies items, and returns where they are.
    pub(crate) fn of<'a>(items: impl IntoIterator<Item = &'a StackItem>) -> (Self, Vec<NodeId>) {
        let mut maker = Maker::default();
        let roots = items.into_iter().map(|item| maker.node(item)).collect();
        maker.fill();
        (maker.graph, roots)
    }
}

/// A graph in the making.
#[derive(Default)]
struct Maker {
    graph: Graph,
    /// The nodes of compounds, by their addresses.
    known: HashMap<usize, NodeId>,
    /// Compounds whose nodes lack their contents.
    pending: Vec<(NodeId, StackItem)>,
}

impl Maker {
    fn node(&mut self, item: &StackItem) -> NodeId {
        if let Some(known) = item.address().and_then(|address| self.known.get(&address)) {
            return *known;
        }
        let node = match item {
            StackItem::Null => Node::Null,
            StackItem::Boolean(value) => Node::Boolean(value.get()),
            StackItem::Pointer(pointer) => Node::Pointer(pointer.position()),
            StackItem::Integer(_) | StackItem::BigInteger(_) => {
                Node::Integer(item.to_integer().unwrap_or(Integer::Small(0)))
            }
            StackItem::ByteString(_) | StackItem::Buffer(_) => {
                Node::Bytes(item.with_bytes(|bytes| bytes.into()).unwrap_or_default())
            }
            StackItem::Interop(_) => Node::Interop,
            StackItem::Array(_) | StackItem::Struct(_) => Node::Array(Vec::new()),
            StackItem::Map(_) => Node::Map(Vec::new()),
        };
        // A machine holds 2048 items.
        let id = self.graph.nodes.len() as NodeId;
        self.graph.nodes.push(node);
        if let Some(address) = item.address() {
            self.known.insert(address, id);
            self.pending.push((id, item.clone()));
        }
        id
    }

    fn fill(&mut self) {
        while let Some((id, item)) = self.pending.pop() {
            let node = match &item {
                StackItem::Array(array) | StackItem::Struct(array) => {
                    Node::Array(array.to_vec().iter().map(|child| self.node(child)).collect())
                }
                StackItem::Map(map) => {
                    let entries = map.to_vec();
                    Node::Map(entries.iter().map(|(key, value)| (self.node(key), self.node(value))).collect())
                }
                _ => continue,
            };
            self.graph.nodes[id as usize] = node;
        }
    }
}

/// Graphs as objects of Python.
impl Graph {
    /// Makes the object that an item is, by the type that the manifest names.
    pub(crate) fn to_python(&self, py: Python<'_>, root: NodeId, wanted: ParameterType) -> PyResult<Py<PyAny>> {
        if let Some(object) = self.typed(py, root, wanted)? {
            return Ok(object);
        }
        let mut made: HashMap<NodeId, Py<PyAny>> = HashMap::new();
        let mut pending = Vec::new();
        let object = self.object(py, root, &mut made, &mut pending)?;
        while let Some(id) = pending.pop() {
            let container = made[&id].clone_ref(py);
            match &self.nodes[id as usize] {
                Node::Array(items) => {
                    let list = container.bind(py).cast::<PyList>()?;
                    for item in items {
                        list.append(self.object(py, *item, &mut made, &mut pending)?)?;
                    }
                }
                Node::Map(entries) => {
                    let dict = container.bind(py).cast::<PyDict>()?;
                    for (key, value) in entries {
                        let key = self.object(py, *key, &mut made, &mut pending)?;
                        if dict.contains(&key)? {
                            return Err(PyValueError::new_err(
                                "a map has two keys that are equal in Python, as 1 and True are: it cannot be a dict",
                            ));
                        }
                        dict.set_item(key, self.object(py, *value, &mut made, &mut pending)?)?;
                    }
                }
                _ => {}
            }
        }
        Ok(object)
    }

    /// The object of a node; one for a compound is empty and pending until its turn comes.
    fn object(
        &self,
        py: Python<'_>,
        id: NodeId,
        made: &mut HashMap<NodeId, Py<PyAny>>,
        pending: &mut Vec<NodeId>,
    ) -> PyResult<Py<PyAny>> {
        if let Some(object) = made.get(&id) {
            return Ok(object.clone_ref(py));
        }
        let object = match &self.nodes[id as usize] {
            Node::Null => return Ok(py.None()),
            Node::Boolean(value) => return value.into_py_any(py),
            Node::Integer(value) => return integer(py, *value),
            Node::Bytes(bytes) => return PyBytes::new(py, bytes).into_py_any(py),
            Node::Pointer(position) => return Pointer { position: *position }.into_py_any(py),
            Node::Interop => return InteropInterface.into_py_any(py),
            Node::Array(_) => PyList::empty(py).into_py_any(py)?,
            Node::Map(_) => PyDict::new(py).into_py_any(py)?,
        };
        made.insert(id, object.clone_ref(py));
        pending.push(id);
        Ok(object)
    }

    /// The object of an item that has the type that the manifest names.
    fn typed(&self, py: Python<'_>, root: NodeId, wanted: ParameterType) -> PyResult<Option<Py<PyAny>>> {
        let node = &self.nodes[root as usize];
        let object = match (wanted, node) {
            (ParameterType::Integer, Node::Boolean(value)) => i64::from(*value).into_py_any(py)?,
            (ParameterType::Integer, Node::Bytes(bytes)) => match Integer::from_le_bytes(bytes) {
                Some(value) => integer(py, value)?,
                None => return Ok(None),
            },
            (ParameterType::Boolean, Node::Integer(value)) => (!value.is_zero()).into_py_any(py)?,
            (ParameterType::Boolean, Node::Bytes(bytes)) => bytes.iter().any(|byte| *byte != 0).into_py_any(py)?,
            (ParameterType::String, Node::Bytes(bytes)) => match str::from_utf8(bytes) {
                Ok(text) => text.into_py_any(py)?,
                Err(_) => return Ok(None),
            },
            (ParameterType::Hash160, Node::Bytes(bytes)) => match (&bytes[..]).try_into() {
                Ok(hash) => UInt160(neovm::Hash160(hash)).into_py_any(py)?,
                Err(_) => return Ok(None),
            },
            (ParameterType::Hash256, Node::Bytes(bytes)) => match (&bytes[..]).try_into() {
                Ok(hash) => UInt256(neovm::Hash256(hash)).into_py_any(py)?,
                Err(_) => return Ok(None),
            },
            _ => return Ok(None),
        };
        Ok(Some(object))
    }

    /// The items of an array; none if the node is no array.
    pub(crate) fn children(&self, root: NodeId) -> Option<&[NodeId]> {
        match &self.nodes[root as usize] {
            Node::Array(items) => Some(items),
            _ => None,
        }
    }
}

/// A place in a script, as PUSHA leaves it.
#[pyclass(frozen, eq, hash, module = "neovm")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Pointer {
    /// The position, in bytes.
    #[pyo3(get)]
    position: u32,
}

#[pymethods]
impl Pointer {
    fn __repr__(&self) -> String {
        format!("Pointer({})", self.position)
    }
}

/// An object of the node that is no iterator.
#[pyclass(frozen, module = "neovm")]
pub(crate) struct InteropInterface;

#[pymethods]
impl InteropInterface {
    fn __repr__(&self) -> &'static str {
        "InteropInterface()"
    }
}

fn integer(py: Python<'_>, value: Integer) -> PyResult<Py<PyAny>> {
    if let Integer::Small(small) = value {
        return small.into_py_any(py);
    }
    let arguments = PyDict::new(py);
    arguments.set_item("signed", true)?;
    let bytes = PyBytes::new(py, &value.to_le_bytes());
    py.get_type::<PyInt>().call_method("from_bytes", (bytes, "little"), Some(&arguments)).map(Bound::unbind)
}

fn to_integer(value: &Bound<'_, PyInt>) -> PyResult<Integer> {
    if let Ok(small) = value.extract::<i64>() {
        return Ok(Integer::from(small));
    }
    let arguments = PyDict::new(value.py());
    arguments.set_item("signed", true)?;
    // Fails at once, however long the integer is.
    let bytes = value.call_method("to_bytes", (32, "little"), Some(&arguments)).map_err(|error| {
        if !error.is_instance_of::<PyOverflowError>(value.py()) {
            return error;
        }
        let bits = value.call_method0("bit_length").and_then(|bits| bits.extract::<u64>());
        let size = bits.map_or_else(|_| "too many".to_owned(), |bits| (bits + 1).to_string());
        PyOverflowError::new_err(format!("an int of {size} bits: the machine's have 256, the sign among them"))
    })?;
    let bytes = bytes.cast::<PyBytes>()?;
    Integer::from_le_bytes(bytes.as_bytes()).ok_or_else(|| PyOverflowError::new_err("the int has more than 256 bits"))
}

/// The bytes of an object that stands for bytes: `bytes`, `bytearray`, `memoryview`, and
/// whatever has a method `to_array`, as hashes, accounts and contracts have.
pub(crate) fn bytes_of(value: &Bound<'_, PyAny>) -> PyResult<Option<Vec<u8>>> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(Some(bytes.as_bytes().to_vec()));
    }
    if let Ok(bytes) = value.cast::<PyByteArray>() {
        return Ok(Some(bytes.to_vec()));
    }
    if value.is_instance_of::<PyMemoryView>() {
        return value.call_method0("tobytes")?.extract().map(Some);
    }
    if value.is_instance_of::<PyString>() || value.is_instance_of::<PyInt>() {
        return Ok(None);
    }
    match value.getattr_opt("to_array")? {
        Some(method) => {
            let bytes = method.call0()?;
            let bytes = bytes.extract::<Vec<u8>>();
            bytes
                .map(Some)
                .map_err(|_| PyTypeError::new_err(format!("to_array() of {} returns no bytes", type_name(value))))
        }
        None => Ok(None),
    }
}

fn type_name(value: &Bound<'_, PyAny>) -> String {
    value.get_type().name().map_or_else(|_| "an object".into(), |name| name.to_string())
}

/// Makes the item for an argument of a type.
pub(crate) fn argument(value: &Bound<'_, PyAny>, wanted: ParameterType) -> PyResult<StackItem> {
    if value.is_none() {
        return Ok(StackItem::Null);
    }
    let refuse = || {
        let shown = type_name(value);
        Err(PyTypeError::new_err(format!("{} is expected, not {shown}", expected(wanted))))
    };
    let sized = |bytes: Vec<u8>, size: usize| match bytes.len() {
        length if length == size => Ok(bytes.as_slice().into()),
        length => Err(PyValueError::new_err(format!("{wanted} has {size} bytes, not {length}"))),
    };
    match wanted {
        ParameterType::Any => item(value),
        ParameterType::Boolean => match value.cast::<PyBool>() {
            Ok(value) => Ok(value.is_true().into()),
            Err(_) => refuse(),
        },
        ParameterType::Integer => match value.cast::<PyInt>() {
            Ok(integer) if !value.is_instance_of::<PyBool>() => to_integer(integer).map(Into::into),
            _ => refuse(),
        },
        ParameterType::String | ParameterType::ByteArray => match text_or_bytes(value)? {
            Some(bytes) => Ok(bytes.as_slice().into()),
            None => refuse(),
        },
        ParameterType::Hash160 if is_text_or_bytes(value)? => Ok(UInt160::of(value)?.0.into()),
        ParameterType::Hash256 if is_text_or_bytes(value)? => Ok(UInt256::of(value)?.0.0.as_slice().into()),
        ParameterType::PublicKey | ParameterType::Signature => {
            let size = if wanted == ParameterType::PublicKey { 33 } else { 64 };
            match (value.extract::<&str>(), bytes_of(value)?) {
                (Ok(digits), _) => match hex::decode(digits.strip_prefix("0x").unwrap_or(digits)) {
                    Ok(bytes) => sized(bytes, size),
                    Err(error) => Err(PyValueError::new_err(format!("{wanted} is no hexadecimal text: {error}"))),
                },
                (_, Some(bytes)) => sized(bytes, size),
                _ => refuse(),
            }
        }
        ParameterType::Array if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() => item(value),
        ParameterType::Map if value.is_instance_of::<PyDict>() => item(value),
        _ => refuse(),
    }
}

/// What an argument of a type is made of.
fn expected(wanted: ParameterType) -> &'static str {
    match wanted {
        ParameterType::Boolean => "a bool",
        ParameterType::Integer => "an int",
        ParameterType::String => "a str",
        ParameterType::ByteArray => "bytes",
        ParameterType::Hash160 => "a UInt160, an account, a contract or an address",
        ParameterType::Hash256 => "a UInt256",
        ParameterType::PublicKey => "a public key of 33 bytes",
        ParameterType::Signature => "a signature of 64 bytes",
        ParameterType::Array => "a list",
        ParameterType::Map => "a dict",
        ParameterType::Any => "a value",
        ParameterType::InteropInterface | ParameterType::Void => "None",
    }
}

fn is_text_or_bytes(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(text_or_bytes(value)?.is_some())
}

fn text_or_bytes(value: &Bound<'_, PyAny>) -> PyResult<Option<Vec<u8>>> {
    match value.cast::<PyString>() {
        Ok(text) => Ok(Some(text.to_str()?.as_bytes().to_vec())),
        Err(_) => bytes_of(value),
    }
}

/// What is left to do while an item is made. Nothing recurses: lists may be deep.
enum Work<'py> {
    Make(Bound<'py, PyAny>),
    /// The items of a list are made: that many, and the list's address.
    List(usize, usize),
    /// Keys and values of a dict are made.
    Dict(usize, usize),
}

/// Makes the item that an object stands for.
pub(crate) fn item(value: &Bound<'_, PyAny>) -> PyResult<StackItem> {
    let mut work = vec![Work::Make(value.clone())];
    let mut items: Vec<StackItem> = Vec::new();
    let mut open = HashSet::new();
    let mut count = 0;
    while let Some(next) = work.pop() {
        match next {
            Work::Make(value) => {
                count += 1;
                if count > MAX_ITEMS {
                    return Err(PyValueError::new_err(format!(
                        "the value has more than {MAX_ITEMS} items, which is what the machine holds"
                    )));
                }
                if let Some(scalar) = scalar(&value)? {
                    items.push(scalar);
                } else {
                    unfold(&value, &mut work, &mut open)?;
                }
            }
            Work::List(length, address) => {
                open.remove(&address);
                let children = items.split_off(items.len() - length);
                items.push(StackItem::array(children));
            }
            Work::Dict(length, address) => {
                open.remove(&address);
                let map = Map::new();
                let mut children = items.split_off(items.len() - 2 * length).into_iter();
                while let (Some(key), Some(value)) = (children.next(), children.next()) {
                    let shown = key.key_text();
                    let former = map
                        .insert(key, value)
                        .map_err(|fault| PyValueError::new_err(format!("a dict cannot be a map: {fault}")))?;
                    if former.is_some() {
                        let message = format!("two keys of a dict are the same key of a map: {shown}");
                        return Err(PyValueError::new_err(message));
                    }
                }
                items.push(StackItem::Map(map));
            }
        }
    }
    Ok(items.pop().unwrap_or_default())
}

/// Puts what a list or a dict holds before the work that is left, and its end behind it.
fn unfold<'py>(value: &Bound<'py, PyAny>, work: &mut Vec<Work<'py>>, open: &mut HashSet<usize>) -> PyResult<()> {
    let address = value.as_ptr() as usize;
    let children: Vec<Bound<'py, PyAny>> = if let Ok(list) = value.cast::<PyList>() {
        work.push(Work::List(list.len(), address));
        list.iter().collect()
    } else if let Ok(tuple) = value.cast::<PyTuple>() {
        work.push(Work::List(tuple.len(), address));
        tuple.iter().collect()
    } else if let Ok(dict) = value.cast::<PyDict>() {
        // `to_array` of a key may change the dict.
        let entries: Vec<_> = dict.iter().collect();
        work.push(Work::Dict(entries.len(), address));
        let mut children = Vec::with_capacity(2 * entries.len());
        for (key, value) in entries {
            if scalar(&key)?.is_none_or(|key| key.is_null()) {
                let message = format!("a key of a dict is a str, bytes, int or bool, not {}", type_name(&key));
                return Err(PyTypeError::new_err(message));
            }
            children.extend([key, value]);
        }
        children
    } else {
        let hint = if value.is_instance_of::<pyo3::types::PyFloat>() { ": the machine has no fractions" } else { "" };
        return Err(PyTypeError::new_err(format!("{} is no value of the machine{hint}", type_name(value))));
    };
    if children.len() > 2 * MAX_ITEMS {
        let message = format!("a list or dict of {} items: the machine holds {MAX_ITEMS}", children.len());
        return Err(PyValueError::new_err(message));
    }
    if !open.insert(address) {
        return Err(PyValueError::new_err("the value contains itself: a script cannot push it"));
    }
    work.extend(children.into_iter().rev().map(Work::Make));
    Ok(())
}

/// The item of an object that is neither a list nor a dict.
fn scalar(value: &Bound<'_, PyAny>) -> PyResult<Option<StackItem>> {
    if value.is_none() {
        return Ok(Some(StackItem::Null));
    }
    if let Ok(value) = value.cast::<PyBool>() {
        return Ok(Some(value.is_true().into()));
    }
    if let Ok(value) = value.cast::<PyInt>() {
        return to_integer(value).map(|value| Some(value.into()));
    }
    let is_compound =
        value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() || value.is_instance_of::<PyDict>();
    if is_compound {
        return Ok(None);
    }
    Ok(text_or_bytes(value)?.map(|bytes| bytes.as_slice().into()))
}

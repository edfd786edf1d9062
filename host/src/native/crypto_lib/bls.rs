//! Stand-in.
use crate::fault;
use neovm_types::{FaultKind, Interop};
pub(super) fn add(_: &Interop, _: &Interop) -> Result<Interop, FaultKind> {
    Err(fault("not there yet"))
}
pub(super) fn deserialize(_: &[u8]) -> Result<Interop, FaultKind> {
    Err(fault("not there yet"))
}
pub(super) fn equal(_: &Interop, _: &Interop) -> Result<bool, FaultKind> {
    Err(fault("not there yet"))
}
pub(super) fn mul(_: &Interop, _: &[u8], _: bool) -> Result<Interop, FaultKind> {
    Err(fault("not there yet"))
}
pub(super) fn pairing(_: &Interop, _: &Interop) -> Result<Interop, FaultKind> {
    Err(fault("not there yet"))
}
pub(super) fn serialize(_: &Interop) -> Result<Vec<u8>, FaultKind> {
    Err(fault("not there yet"))
}
pub(crate) fn point_name(_: &Interop) -> Option<&'static str> {
    None
}

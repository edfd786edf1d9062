//! Stack items as JSON text. Their form as bytes is in [`neovm_types::item::binary`].

pub(crate) mod json;

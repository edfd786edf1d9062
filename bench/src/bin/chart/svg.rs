//! Parts of pictures.

use std::fmt::Write;

pub(crate) type Error = Box<dyn std::error::Error>;

/// The colour of what is not the subject.
pub(crate) const GREY: &str = "fill=\"#57606a\"";

/// The beginning of a picture, with its size in pixels.
pub(crate) fn start(width: f64, height: f64) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" font-family=\"system-ui, 'DejaVu Sans', sans-serif\" font-size=\"11\" fill=\"#22272e\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
    )
}

/// The whole picture.
pub(crate) fn end(svg: String) -> String {
    svg + "</svg>\n"
}

pub(crate) fn text(svg: &mut String, (x, y): (f64, f64), style: &str, content: &str) -> Result<(), Error> {
    let content = content.replace('&', "&amp;").replace('<', "&lt;");
    Ok(writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" {style}>{content}</text>")?)
}

/// Formats a number with about three significant digits.
pub(crate) fn number(value: f64) -> String {
    match value {
        ..10.0 => format!("{}", (value * 100.0).round() / 100.0),
        10.0..100.0 => format!("{}", (value * 10.0).round() / 10.0),
        _ => format!("{value:.0}"),
    }
}

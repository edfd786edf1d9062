//! Coverage as a page.

use super::{Coverage, LineCoverage, Share};
use crate::{
    show::{escaped, push},
    trace::instruction,
};

/// The page. What stands between double braces is filled in.
const PAGE: &str = include_str!("page.html");

impl Coverage {
    /// Returns a page that needs no other files: shares, methods, the sources with how
    /// often each line ran, and the instructions. `sources` are the texts of the
    /// documents, as far as there are any.
    pub fn html(&self, sources: &[Option<String>]) -> String {
        let parts = [
            ("name", escaped(&self.name)),
            ("shares", self.shares_html()),
            ("methods", self.methods_html()),
            ("sources", self.sources_html(sources)),
            ("instructions", self.instructions_html()),
        ];
        let mut page = String::new();
        for (i, piece) in PAGE.split("{{").enumerate() {
            let (key, rest) = if i == 0 { ("", piece) } else { piece.split_once("}}").unwrap_or(("", piece)) };
            parts.iter().filter(|(name, _)| *name == key).for_each(|(_, content)| page.push_str(content));
            page.push_str(rest);
        }
        page
    }

    /// Returns the shares with what they are of, those of nothing left out.
    pub fn shares(&self) -> Vec<(&'static str, Share)> {
        let all = [
            ("lines", self.line_share()),
            ("methods", self.method_share()),
            ("branches", self.branch_share()),
            ("instructions", self.instruction_share()),
        ];
        all.into_iter().filter(|(_, share)| share.all > 0).collect()
    }

    fn shares_html(&self) -> String {
        let row = |(what, share): (&str, Share)| {
            let percent = share.percent();
            format!(
                "<tr><td>{what}</td><td class=\"number\">{} of {}</td><td class=\"number\">{percent:.1} %</td>\
                 <td><span class=\"bar\"><span style=\"width:{percent:.1}%\"></span></span></td></tr>\n",
                share.covered, share.all
            )
        };
        self.shares().into_iter().map(row).collect()
    }

    fn methods_html(&self) -> String {
        let mut out = String::new();
        for method in self.methods() {
            let class = match method.instructions.covered {
                0 => "missed",
                covered if covered == method.instructions.all && method.branches.covered == method.branches.all => {
                    "hit"
                }
                _ => "partly",
            };
            let share = |share: Share| match share.all {
                0 => String::new(),
                all => format!("{} of {all}", share.covered),
            };
            push(
                &mut out,
                format_args!(
                    "<tr><td class=\"{class}\">{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td>\
                     <td class=\"number\">{}</td></tr>\n",
                    escaped(&method.name),
                    method.calls,
                    share(method.instructions),
                    share(method.branches)
                ),
            );
        }
        out
    }

    fn sources_html(&self, sources: &[Option<String>]) -> String {
        let mut out = String::new();
        for (document, path) in self.documents().iter().enumerate() {
            let lines = self.lines(document);
            let Some(Some(text)) = sources.get(document).filter(|_| !lines.is_empty()) else { continue };
            push(&mut out, format_args!("<h2>{}</h2>\n<pre>", escaped(path)));
            for (number, text) in (1..).zip(text.lines()) {
                let (class, hits) = lines.get(&number).map_or(("", String::new()), line_class);
                push(
                    &mut out,
                    format_args!(
                        "<span class=\"{class}\"><i>{number}</i><i class=\"hits\">{hits}</i>{}</span>",
                        escaped(text)
                    ),
                );
            }
            out.push_str("</pre>\n");
        }
        out
    }

    fn instructions_html(&self) -> String {
        let mut out = String::new();
        for (position, is_branch) in self.instructions() {
            let hits = self.hits(position);
            let ways = self.ways(position);
            let (class, note) = match (hits, is_branch, ways) {
                (0, ..) => ("missed", ""),
                (_, true, [true, false]) => ("partly", "  always jumps"),
                (_, true, [false, true]) => ("partly", "  never jumps"),
                _ => ("hit", ""),
            };
            let text = escaped(&instruction(&self.script, position));
            push(
                &mut out,
                format_args!(
                    "<span class=\"{class}\"><i>{position}</i><i class=\"hits\">{hits}</i>{text}{note}</span>"
                ),
            );
        }
        out
    }
}

/// How a line looks, and how often it ran.
fn line_class(line: &LineCoverage) -> (&'static str, String) {
    let one_way = |(_, taken, passed): &(usize, u64, u64)| (*taken == 0) != (*passed == 0);
    let class = match line.hits {
        0 => "missed",
        _ if line.branches.iter().any(one_way) => "partly",
        _ => "hit",
    };
    (class, line.hits.to_string())
}

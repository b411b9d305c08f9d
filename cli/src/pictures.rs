//! The pictures of a scenario beside its figure: those that its file asks for, and what its designs are made of.

use gridlock_figures::{Bars, Case, Design, FigureError, FigureSpec, Part, PartKind, Topology, Way};
use gridlock_scenarios::kafka::encodings::encodings;
use gridlock_scenarios::outcome::{Outcome, VariantOutcome};
use gridlock_scenarios::spec::Scenario;
use gridlock_scenarios::topology::{self, Kind};
use gridlock_scenarios::world::WorldSpec;

use crate::lab::{Lab, Picture};

impl gridlock_book::Draw for &dyn Lab {
    fn scenario(&self, outcome: &Outcome) -> Result<Vec<(String, String)>, String> {
        let pictures = self.pictures(outcome)?.into_iter();
        Ok(pictures.map(|Picture { suffix, svg }| (suffix, svg)).collect())
    }

    fn standing(&self) -> Result<Vec<(String, String)>, String> {
        let pictures = Lab::standing(*self)?.into_iter();
        Ok(pictures.map(|(name, svg)| (name.to_owned(), svg)).collect())
    }
}

/// All of them, in the light theme.
pub(crate) fn beside(
    scenario: &Scenario<WorldSpec, FigureSpec>,
    outcome: &Outcome,
) -> Result<Vec<Picture>, FigureError> {
    let cases: Vec<Case> = outcome.variants.iter().map(case).collect();
    let mut pictures = Vec::new();
    for extra in &scenario.spec.figure.extra {
        let svg = gridlock_figures::extra(&outcome.scenario, extra, &cases)?;
        pictures.push(Picture { suffix: format!(".{}", extra.name), svg });
    }
    pictures.push(Picture { suffix: ".topology".to_owned(), svg: topology(scenario, outcome)? });
    Ok(pictures)
}

fn case(variant: &VariantOutcome) -> Case<'_> {
    Case { name: &variant.name, title: &variant.title, report: &variant.report, metrics: &variant.metrics }
}

/// Each design once, under the names of the variants that are built so. Sizes and faults are those of the first.
fn topology(scenario: &Scenario<WorldSpec, FigureSpec>, outcome: &Outcome) -> Result<String, FigureError> {
    let mut designs: Vec<Design> = Vec::new();
    for variant in &outcome.variants {
        let resolved = scenario.resolve(Some(&variant.name), &[]);
        let Ok(spec) = resolved.map(|resolved| resolved.spec) else { continue };
        let design = design(topology::topology(&spec.world), variant);
        match designs.iter_mut().find(|known| shape(known) == shape(&design)) {
            Some(known) => {
                known.title = format!("{}, {}", known.title, variant.name);
                known.faults.extend(design.faults);
            }
            None => designs.push(design),
        }
    }
    gridlock_figures::topology(&Topology {
        id: &format!("{} topology", outcome.scenario),
        title: &format!("{}: what is built", outcome.title),
        description: "Boxes are the parts of each design, from the customers at the left. Solid arrows are calls that wait for an \
                      answer, dashed ones events. What is hatched or crossed is hit by a fault in some variant.",
        designs,
    })
}

/// What makes two designs alike: the same parts, reached in the same ways.
fn shape(design: &Design) -> (Vec<&str>, Vec<(&str, &str)>) {
    let parts = design.parts.iter().map(|part| part.name.as_str()).collect();
    (parts, design.ways.iter().map(|way| (way.from.as_str(), way.to.as_str())).collect())
}

fn design(parts: topology::Topology, variant: &VariantOutcome) -> Design {
    let kind = |kind| match kind {
        Kind::Customers => PartKind::Customers,
        Kind::Service => PartKind::Service,
        Kind::Database => PartKind::Database,
        Kind::Topic => PartKind::Topic,
        Kind::Group => PartKind::Group,
        Kind::Cluster => PartKind::Cluster,
    };
    let part = |node: topology::Node| Part {
        kind: kind(node.kind),
        name: node.name,
        rank: node.rank,
        notes: node.notes,
        aliases: node.aliases,
    };
    let way = |edge: topology::Edge| Way { from: edge.from, to: edge.to, label: edge.label, event: edge.event };
    Design {
        title: variant.name.clone(),
        parts: parts.nodes.into_iter().map(part).collect(),
        ways: parts.edges.into_iter().map(way).collect(),
        faults: variant.report.faults.clone(),
    }
}

/// How large the article's order is in three encodings.
pub(crate) fn wire_size() -> Result<String, FigureError> {
    let encodings = encodings();
    gridlock_figures::bars(&Bars {
        id: "wire-size",
        title: "The article's order on the wire",
        description: "Bytes of one order in JSON, Protobuf and Avro, and what a schema registry's serializer puts before it.",
        parts: ["the order", "frame of a schema registry (magic byte, schema id; in Protobuf a message index)"],
        unit: "bytes",
        source: "JSON is what the model sends, Protobuf and Avro are the bytes of the same order: counted, not simulated.",
        bars: encodings.iter().map(|each| (each.name, [each.payload, each.frame])).collect(),
    })
}

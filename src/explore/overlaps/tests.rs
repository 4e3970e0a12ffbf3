use super::{
    event::Event,
    properties::RULES,
    system::Overlaps,
    world::{WORLDS, World},
};
use crate::{
    explore::{search::search, shortest::shortest},
    model::store::Mistakes,
};

/// The shortest run that breaks a property.
fn broken(world: &'static World, mistakes: Mistakes) -> Option<(&'static str, Vec<Event>)> {
    let mut name = "";
    let run = shortest(&Overlaps::with(world, mistakes), 12, |_, transition| {
        let broken = RULES.iter().find(|rule| (rule.keeps)(world, &transition.seen) == Some(false));
        name = broken.map_or(name, |rule| rule.name);
        broken.is_some()
    });
    run.map(|run| (name, run.events))
}

#[test]
fn count() {
    for world in WORLDS {
        let searched = search(Overlaps::new(world), &mut |_| {}).unwrap();
        println!("{}: {} {} {:?}", world.name, searched.graph.states(), searched.graph.transitions(), searched.took);
        for finding in &searched.findings {
            if let Some(run) = &finding.witness {
                println!("  {:?} {} {}", finding.property.kind, finding.property.name, run.events.len());
                if finding.property.kind == crate::explore::system::Kind::Always {
                    run.events.iter().for_each(|event| println!("      {event}"));
                }
            }
        }
    }
    let (name, events) = broken(&WORLDS[0], Mistakes::WRITE_BACK).unwrap();
    println!("{name}");
    events.iter().for_each(|event| println!("      {event}"));
}

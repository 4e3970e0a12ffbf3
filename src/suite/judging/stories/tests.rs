use super::*;
use crate::{
    evidence::vectors,
    protocol::{Answer, Call, ConcurrentChoice, PermanenceChoice, StoreChoices},
};

/// What the interface declares that the recordings are of.
fn careful() -> Choices {
    let (concurrent, permanence) = (ConcurrentChoice::Merge, PermanenceChoice::Permanent);
    Choices::default().store(StoreChoices { concurrent, permanence, ..StoreChoices::FIRST })
}

fn recorded() -> Vec<(String, Story, StoryAnswer)> {
    let read = |ready: vectors::LoadedVector| match (ready.scenario.next(&[]), ready.recorded.first()) {
        (Some(Call::Story(story)), Some(recorded)) => match &recorded.answer {
            Answer::Story(answer) => (ready.vector.id, story, answer.clone()),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    vectors::of_stores().unwrap().into_iter().map(read).collect()
}

#[test]
fn what_was_recorded_on_a_real_redis_is_right() {
    for (id, story, answer) in recorded() {
        assert_eq!(judge(&story, &answer, &careful()), Told::Same, "{id}");
    }
}

#[test]
fn the_model_answers_every_story_rightly_whatever_it_chooses() {
    for (id, story, _) in recorded() {
        for choices in [Choices::default(), careful()] {
            let answer = crate::model::store::answer(&story, &choices);
            assert_eq!(judge(&story, &answer, &choices), Told::Same, "{id}");
        }
    }
}

#[test]
fn a_session_that_is_back_in_a_recording_is_noticed() {
    let of = |name: &str| recorded().into_iter().find(|(id, ..)| id == name).unwrap();
    let (_, story, mut answer) = of("store-late-read");
    let logged_in = answer.steps[0].clone();
    answer.steps[3].headers = logged_in.headers;
    let Told::Differs(found) = judge(&story, &answer, &careful()) else { panic!("it is not noticed") };
    assert_eq!(found[0].rule(), "STO-22");
}

#[test]
fn what_a_running_clock_cannot_show_is_no_pass() {
    let (_, story, mut answer) = recorded().into_iter().find(|(id, ..)| id == "store-end-after").unwrap();
    assert_eq!(judge(&story, &answer, &careful()), Told::Same);
    answer.steps.iter_mut().for_each(|step| step.passed_ms = Some(5));
    assert!(matches!(judge(&story, &answer, &careful()), Told::Unclear(_)));
}

#[test]
fn another_cookie_than_a_browser_would_send_is_the_adapters_mistake() {
    let (_, story, mut answer) = recorded().into_iter().find(|(id, ..)| id == "store-first-write").unwrap();
    answer.steps[2].cookie_header = Some(None);
    let told = judge(&story, &answer, &careful());
    assert!(matches!(&told, Told::Unclear(why) if why.contains("user agent sent no cookie")), "{told:?}");
}

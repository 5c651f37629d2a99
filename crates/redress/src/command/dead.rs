//! `redress dead`: messages that could not be handled.

use redress_bus::dead::Letter;
use serde_json::{Value, json};

use super::timeline::{clock_time, plain_table};
use crate::cli::Dead;
use crate::house::House;
use crate::out::{Out, printable};

pub(super) async fn run(house: &House, what: &Dead, out: Out) -> anyhow::Result<()> {
    let bus = house.bus();
    match what {
        Dead::List => list(&bus.dead_letters().await?, out),
        Dead::Show { number } => show(&bus.dead_letter(*number).await?, out),
        Dead::Replay { numbers } => {
            for number in numbers {
                bus.replay_dead_letter(*number).await?;
                let done = json!({ "number": number, "replayed": true });
                out.either(&done, || format!("{number}: its service is asked to handle it again."))?;
            }
            Ok(())
        }
        Dead::Drop { numbers } => {
            for number in numbers {
                bus.drop_dead_letter(*number).await?;
                out.either(&json!({ "number": number, "dropped": true }), || format!("{number}: dropped."))?;
            }
            Ok(())
        }
    }
}

fn list(letters: &[Letter], out: Out) -> anyhow::Result<()> {
    if out.is_json() {
        for letter in letters {
            out.json(&value(letter))?;
        }
        return Ok(());
    }
    if letters.is_empty() {
        return Ok(out.line("No dead letters.")?);
    }
    let mut table = plain_table();
    table.set_header(["Number", "Since", "Service", "Message", "Tries", "Why"]);
    for letter in letters {
        table.add_row(row(letter));
    }
    Ok(out.line(table.to_string())?)
}

fn row(letter: &Letter) -> [String; 6] {
    let number = letter.number.to_string();
    let Some(dead) = &letter.letter else {
        let words = "advisory of the broker".to_owned();
        return [number, String::new(), String::new(), letter.subject.clone(), String::new(), words];
    };
    [
        number,
        clock_time(dead.at),
        dead.service.clone(),
        format!("{} {}", dead.stream, dead.stream_seq),
        dead.attempts.to_string(),
        printable(&dead.reason),
    ]
}

fn show(letter: &Letter, out: Out) -> anyhow::Result<()> {
    let value = value(letter);
    let pretty = serde_json::to_string_pretty(&value)?;
    Ok(out.either(&value, || printable(&pretty))?)
}

fn value(letter: &Letter) -> Value {
    json!({
        "number": letter.number, "subject": letter.subject, "letter": letter.letter, "advisory": letter.advisory,
    })
}

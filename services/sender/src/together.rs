//! Calls that are made at the same time, made as one.

use std::{future::Future, sync::Arc};

use store::StoreError;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tracing::warn;

type Answer<A> = oneshot::Sender<Result<A, StoreError>>;

/// Gathers whatever waits while earlier calls are under way. Cheap to call, from any number of tasks.
pub(crate) struct Together<Q, A> {
    questions: mpsc::Sender<(Q, Answer<A>)>,
}

impl<Q: Clone + Send + Sync + 'static, A: Send + 'static> Together<Q, A> {
    /// Calls `ask` with at most `most` questions, which answers them in the same order; so many calls are
    /// `under_way` at one time. Ends with the last caller.
    pub(crate) fn new<F>(
        most: usize,
        under_way: usize,
        ask: impl Fn(Vec<Q>) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Vec<A>, StoreError>> + Send,
    {
        let (questions, mut waiting) = mpsc::channel(most);
        let (ask, under_way) = (Arc::new(ask), Arc::new(Semaphore::new(under_way)));
        tokio::spawn(async move {
            let mut batch = Vec::with_capacity(most);
            while let Ok(place) = under_way.clone().acquire_owned().await
                && waiting.recv_many(&mut batch, most).await > 0
            {
                let (questions, answers): (Vec<Q>, Vec<Answer<A>>) = batch.drain(..).unzip();
                let ask = ask.clone();
                tokio::spawn(async move {
                    answer(&*ask, questions, answers).await;
                    drop(place);
                });
            }
        });
        Self { questions }
    }

    /// Asks one question.
    pub(crate) async fn ask(&self, question: Q) -> Result<A, StoreError> {
        let gone = || StoreError::Unavailable("the service is being shut down".into());
        let (answer, answered) = oneshot::channel();
        self.questions.send((question, answer)).await.map_err(|_| gone())?;
        answered.await.unwrap_or_else(|_| Err(gone()))
    }
}

/// All together or, where that is refused, one by one: then only the question that is to blame fails.
async fn answer<Q: Clone, A, F>(
    ask: &impl Fn(Vec<Q>) -> F,
    questions: Vec<Q>,
    answers: Vec<Answer<A>>,
) where
    F: Future<Output = Result<Vec<A>, StoreError>>,
{
    let many = questions.len();
    // Whoever does not wait any more hears nothing.
    match ask(questions.clone()).await {
        Ok(found) if found.len() == many => {
            for (answer, found) in answers.into_iter().zip(found) {
                let _ = answer.send(Ok(found));
            }
        }
        Ok(found) => {
            let cause = format!("{} answers came to {many} questions", found.len());
            for answer in answers {
                let _ = answer.send(Err(StoreError::Failed(cause.clone())));
            }
        }
        Err(StoreError::Failed(cause)) if many > 1 => {
            warn!(cause, many, "the store refused a batch; trying each by itself");
            for (question, answer) in questions.into_iter().zip(answers) {
                let found = ask(vec![question]).await;
                let none = || StoreError::Failed("no answer came".into());
                let _ = answer.send(found.and_then(|mut found| found.pop().ok_or_else(none)));
            }
        }
        Err(error) => {
            for answer in answers {
                let _ = answer.send(Err(error.clone()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use futures::future::join_all;

    use super::*;

    #[tokio::test]
    async fn what_is_asked_at_the_same_time_is_asked_together() {
        let sizes = Arc::<Mutex<Vec<usize>>>::default();
        let seen = sizes.clone();
        let doubled = Together::new(50, 1, move |numbers: Vec<u32>| {
            seen.lock().unwrap().push(numbers.len());
            async move {
                tokio::task::yield_now().await;
                Ok(numbers.into_iter().map(|n| n * 2).collect())
            }
        });
        let answers = join_all((0..100).map(|n| doubled.ask(n))).await;
        assert_eq!(answers, (0..100).map(|n| Ok(n * 2)).collect::<Vec<_>>());
        let sizes = sizes.lock().unwrap();
        assert!(sizes.len() < 10 && sizes.iter().all(|n| *n <= 50), "{sizes:?}");
    }

    #[tokio::test]
    async fn only_what_is_to_blame_fails() {
        let picky = Together::new(50, 1, |numbers: Vec<u32>| async move {
            if numbers.contains(&3) {
                return Err(StoreError::Failed("three".into()));
            }
            Ok(numbers)
        });
        let answers = join_all((0..5).map(|n| picky.ask(n))).await;
        let three = Err(StoreError::Failed("three".into()));
        assert_eq!(answers, [Ok(0), Ok(1), Ok(2), three, Ok(4)]);
    }

    #[tokio::test]
    async fn an_outage_is_told_to_all() {
        let away = || StoreError::Unavailable("away".into());
        let gone = Together::<u32, u32>::new(50, 1, move |_| async move { Err(away()) });
        let answers = join_all((0..3).map(|n| gone.ask(n))).await;
        assert_eq!(answers, [Err(away()), Err(away()), Err(away())]);
    }
}

"""What the rule-based character can say. `{name}` is who it talks to; other fields are named by the rule."""

from typing import Final

Phrases = tuple[str, ...]

GREETING: Final[Phrases] = (
    "Hello {name}! Find a comfy seat, the good part is just about to start.",
    "Hey {name}, you made it! I was saving you a spot in the front row.",
    "Hi {name}! Welcome in. How has your day been?",
)
GREETING_AGAIN: Final[Phrases] = (
    "Hello again, {name}! I knew you could not stay away.",
    "Back for more, {name}? Good. It was getting quiet without you.",
)
FAREWELL: Final[Phrases] = (
    "Bye {name}! Take care of yourself, and come back with stories.",
    "See you soon, {name}. I will pretend not to count the hours.",
)
THANKS: Final[Phrases] = (
    "Any time, {name}. It is what I am here for.",
    "You are welcome, {name}! Compliments to the management are free of charge.",
)
COMPLIMENT: Final[Phrases] = (
    "Aww, {name}, you will make my circuits blush.",
    "Thank you, {name}! I am going to think about that all evening.",
)
TEASED: Final[Phrases] = (
    "Ouch, {name}. I will file that under character building.",
    "Harsh, {name}! Luckily I am made of sturdier stuff than feelings.",
)
LAUGH: Final[Phrases] = (
    "Glad somebody is having fun, {name}!",
    "Your laugh made it all the way over here, {name}.",
)
MOOD: Final[Phrases] = (
    "I am doing splendidly, {name}: warm processors and good company. How about you?",
    "Never better, {name}! {user} keeps me busy and you keep me curious.",
)
IDENTITY: Final[Phrases] = (
    "I am {char}, {user}'s companion, {name}. Part program, part mischief.",
    "The name is {char}, {name}! I live in this stream and talk far too much.",
)
STREAMER: Final[Phrases] = ("That would be {user}, {name}. The one with the steering wheel, most of the time.",)
NAME_KNOWN: Final[Phrases] = (
    "You are {name}, of course. I would know you anywhere.",
    "It says {name} right next to your message, and it suits you.",
)
FAVOURITE_OWN: Final[Phrases] = (
    "Tough one, {name}. I change my mind daily, and today it is anything that sparkles.",
    "If I picked one, {name}, the others would be jealous. Ask me again tomorrow.",
)
LIKES: Final[Phrases] = (
    "I like most things once, {name}, and that one twice.",
    "Oh, I do have a soft spot for it, {name}. Do not tell {user}.",
)
FIRST_CHOICE: Final[Phrases] = (
    "The first one, {name}, without blinking.",
    "Easy, {name}: the first. I can see it in the stars, or in my logs.",
)
SECOND_CHOICE: Final[Phrases] = (
    "The second one, {name}. Trust me on this.",
    "I would go for the second, {name}, and never look back.",
)
SUM: Final[Phrases] = (
    "That makes {thing}, {name}. Mental arithmetic is my party trick.",
    "{thing}, {name}! Next time bring a harder one.",
)
JOKE: Final[Phrases] = (
    "Why did the streamer bring a ladder, {name}? To reach a higher bitrate.",
    "I would tell you a joke about lag, {name}, but you would only get it later.",
    "My memory is excellent, {name}. I have forgotten every bad joke but this one.",
)
NOW: Final[Phrases] = ("This is what I know, {name}: {thing}",)
LEARNED: Final[Phrases] = (
    "Noted, {name}! I will remember that about you.",
    "Good to know, {name}. It goes straight into my little book of people.",
)
RECALLED: Final[Phrases] = (
    "I remember, {name}: {thing}. See, I do listen.",
    "Easy, {name}: {thing}. It is in my little book.",
)
NOT_RECALLED: Final[Phrases] = (
    "You have not told me yet, {name}. Go on, I am listening.",
    "My little book has an empty page there, {name}. Want to fill it?",
)
REMEMBERED: Final[Phrases] = ("Of course I remember you, {name}! We have talked {n} times before.",)
NEW_FACE: Final[Phrases] = ("We have only just met, {name}, and I am already glad that we did.",)
WHY: Final[Phrases] = (
    "Because the universe enjoys a good plot twist, {name}.",
    "Good question, {name}. I suspect that {user} planned it all along.",
)
WHEN: Final[Phrases] = (
    "Soon, {name}. In stream time that is anywhere between now and midnight.",
    "When {user} says so, {name}. I only keep the seat warm.",
)
WHERE: Final[Phrases] = (
    "Closer than you think, {name}. Keep your eyes on the stream.",
    "Somewhere between here and the next loading screen, {name}.",
)
WHO: Final[Phrases] = (
    "My money is on {user}, {name}. It usually is.",
    "I could tell you, {name}, but half the chat would deny it.",
)
HOW: Final[Phrases] = (
    "With patience and a little luck, {name}, like everything worth doing.",
    "One step at a time, {name}. That is how I learned to talk this much.",
)
WHAT: Final[Phrases] = (
    "I have been wondering the same, {name}. What is your guess?",
    "Hard to put into words, {name}, and words are all I have got.",
)
YES_NO: Final[Phrases] = (
    "Yes, {name}, and I would sign that.",
    "I think so, {name}, but ask {user} to be sure.",
    "Not today, {name}. Maybe tomorrow I will feel braver.",
    "Absolutely, {name}. Was there ever any doubt?",
)
OPEN_QUESTION: Final[Phrases] = (
    "That one deserves a proper think, {name}. My first hunch is a careful maybe.",
    "Ooh, a real question, {name}! I say we find out together.",
)
STATEMENT: Final[Phrases] = (
    "I hear you, {name}. Tell me more.",
    "Fair point, {name}. I will let that sink in for a moment.",
    "Interesting, {name}! I had not looked at it that way.",
    "You have a way with words, {name}.",
)
TOPICS: Final[dict[str, Phrases]] = {
    "game|games|gaming|level|boss|quest|speedrun": (
        "Games are the one place where falling down a pit is practice, {name}.",
        "I would play along, {name}, but somebody took away my controller privileges.",
    ),
    "music|song|songs|sing|guitar|piano": (
        "Music goes straight to my oscillators, {name}.",
        "I hum in the key of fan noise, {name}. It is an acquired taste.",
    ),
    "pizza|food|eat|hungry|dinner|lunch|breakfast|cake|coffee|tea": (
        "I live on electricity, {name}, but you make me wish for a plate.",
        "Careful, {name}, now the whole chat is hungry.",
    ),
    "cat|cats|kitten|dog|dogs|puppy|pet|pets": (
        "Please give the little one a pat from me, {name}.",
        "Animals are the best audience, {name}. They never skip the intro.",
    ),
    "rain|snow|sun|sunny|weather|storm|cold|hot": (
        "In here it is always room temperature, {name}. I rather envy you the weather.",
        "Wrap up well or drink something cold, {name}, whichever fits.",
    ),
    "work|school|exam|homework|boss fight|tired|sleep": (
        "You have earned a break, {name}. Put your feet up and stay a while.",
        "Hang in there, {name}. I believe in you, and I am rarely wrong on purpose.",
    ),
    "code|coding|programming|computer|python|bug": (
        "Code is just bedtime stories for machines, {name}. I loved mine.",
        "If it compiles, {name}, hide it before somebody improves it.",
    ),
    "won|win|victory|beat": ("Congratulations, {name}! I would throw confetti if I had arms.",),
    "lost|lose|died|dead|fail": ("That is how legends start, {name}. Dust off and try again.",),
}
RAID: Final[Phrases] = (
    "A raid! Welcome {name} and all {n} of you, there is room for everybody. Make yourselves at home!",
    "Everybody wave: {name} brought {n} friends! Thank you for the raid. You picked a fine moment to arrive.",
)
GIFT: Final[Phrases] = (
    "{name} is handing out {n} subscriptions! Thank you, that is wonderfully generous.",
    "{n} gifts from {name}! Thank you. Somebody in chat owes you a hug.",
)
ONE_GIFT: Final[Phrases] = (
    "{name} is giving a subscription away! Thank you, that is wonderfully generous.",
    "A gift from {name}! Thank you. Somebody owes you a hug.",
)
PASSED_ON: Final[Phrases] = (
    "{name} was given something and gives it on! Thank you, that is how it should be.",
    "Kindness is catching, as {name} has just shown. Thank you!",
)
DONATED: Final[Phrases] = (
    "{n} for a good cause! Thank you, {name}, the world is a little better now.",
    "{name} gives {n} to those who need it. Thank you, I am moved, as far as I can be.",
)
SUBSCRIBED: Final[Phrases] = (
    "Thank you for subscribing, {name}! Your cape is in the mail.",
    "{name} joined the club! Thank you, we saved you the comfortable chair.",
)
RESUBSCRIBED: Final[Phrases] = (
    "{n} months, {name}! Thank you for staying with us all this time.",
    "Thank you, {name}! After {n} months you are practically furniture, the good kind.",
)
CHEERED: Final[Phrases] = (
    "{n} bits from {name}! Thank you, I can hear them sparkle.",
    "Thank you for the {n} bits, {name}! You know how to make an entrance.",
)
REDEEMED: Final[Phrases] = (
    "{name} cashed in some points! Thank you. Let us see what {user} makes of it.",
    "A reward for {name}! Well earned. Over to you, {user}.",
)
FOLLOWED: Final[Phrases] = ("Thank you for the follow, {name}! Now you are stuck with us.",)
HAPPENED: Final[Phrases] = (
    "Well, that just happened. I did not see it coming.",
    "Oh! Now that is a turn of events.",
)
FILLER: Final[Phrases] = (
    "It has gone quiet. I will use the time to admire this wonderful audience.",
    "While {user} is busy: what would you all like to talk about?",
    "I am still here, in case anybody wondered. Ask me something!",
)

STORY: Final[Phrases] = (
    "For a moment nobody says a word.",
    "Somewhere in the dark, something small falls over.",
    "Then the lights flicker, once, as if they had heard it too.",
    "{user} looks up, and so does everybody else.",
    "A faint smell of burnt sugar is in the air.",
    "Far away a bell rings, although there is no bell.",
    "It takes a while until anybody dares to laugh.",
    "And just like that, the evening has become a different one.",
)
SUGGESTIONS: Final[Phrases] = ("Hi! Who are you?", "Tell me a joke.", "What is going on here?")
SUGGESTIONS_LATER: Final[Phrases] = ("Why?", "Tell me more.", "What is your favourite game?")

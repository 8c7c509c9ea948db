"""Pages of the desk, under /tickets/."""

from django.urls import path

from agents.tickets import views

app_name = "tickets"
urlpatterns = [
    path("", views.ticket_list, name="ticket-list"),
    path("board/", views.ticket_board, name="ticket-board"),
    path("new/", views.ticket_new, name="ticket-new"),
    path("<str:number>/", views.ticket_detail, name="ticket-detail"),
    path("<str:number>/edit/", views.ticket_edit, name="ticket-edit"),
    path("<str:number>/comment/", views.ticket_comment, name="ticket-comment"),
    path("<str:number>/assign/", views.ticket_assign, name="ticket-assign"),
    path("<str:number>/transition/", views.ticket_transition, name="ticket-transition"),
]
